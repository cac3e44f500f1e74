"""Answering a survey over real HTTP: open, save, submit, see the receipt.

Against Granian with two workers and PostgreSQL with fsync on. The reference is a bare Django view that inserts one row, on the
same server and database. With ``crash``, half way a worker is killed and PostgreSQL is stopped at once and started again;
clients try again. At the end every ballot that was acknowledged must be there once, in turnout, ballots and tallies.

Usage: make bench B=fieldwork, or ``python -m bench.fieldwork 20000``, or ``python -m bench.fieldwork 400 crash``.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from .report import Measure, report

CONNECTIONS = 16
QUESTIONS = tuple(f"q{number}" for number in range(1, 6))
CHOICES = ("a", "b", "c", "d")
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Times:
    """Seconds by kind of request, and what was acknowledged."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    acknowledged: dict[int, str] = field(default_factory=dict)
    retries: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, seconds: float) -> None:
        with self.lock:
            self.seconds.setdefault(kind, []).append(seconds)


def make_survey(members: int) -> tuple[str, list[tuple[int, str]]]:
    """An open survey of five questions on one page; (member, session) of each who answers."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.utils import timezone

    from auscult.demo.members import fill_members
    from auscult.demo.register import write_register
    from auscult.members.models import Account, LoginSession
    from auscult.members.queries.standing import get_standing
    from auscult.members.sessions import SessionStore
    from auscult.registry.actions import load_register
    from auscult.shared import clock
    from auscult.shared.standing import CONSOLE
    from auscult.statistics.representativeness import Instrument
    from auscult.surveys.actions.drafting import draft_survey
    from auscult.surveys.actions.opening import open_survey
    from auscult.surveys.questionnaire.document import Choice
    from auscult.surveys.rules import poll, single_choice

    now = clock.now()
    file = Path(os.environ.get("AUSCULT_VAR", "var")) / "bench-register.zip"
    write_register(file, members + members // 4)
    load_register(file, standing=CONSOLE, now=now)
    file.unlink()
    fill_members(members, now=now)
    accounts = list(Account.objects.filter(member__level=2).order_by("pk")[:members])
    questions = [
        single_choice(code, f"Question {code}?", [Choice(c, f"Choice {c}") for c in CHOICES]) for code in QUESTIONS
    ]
    author = get_standing(accounts[0].pk, now)
    survey = draft_survey(
        standing=author,
        now=now,
        questionnaire=poll("Load", questions),
        instrument=Instrument.COMMUNITY_POLL,
        closes_at=now + timedelta(days=2),
    )
    survey = open_survey(standing=author, now=now, survey_id=survey.pk)
    store = SessionStore()
    sessions, people = [], []
    numbers = dict(Account.objects.filter(member__level=2).values_list("pk", "member__pk"))
    for account in accounts:
        key = store._get_new_session_key() if hasattr(store, "_get_new_session_key") else os.urandom(16).hex()
        data = {
            SESSION_KEY: str(account.pk),
            HASH_SESSION_KEY: account.get_session_auth_hash(),
            BACKEND_SESSION_KEY: "allauth.account.auth_backends.AuthenticationBackend",
        }
        sessions.append(
            LoginSession(
                session_key=key,
                session_data=store.encode(data),
                expire_date=timezone.now() + timedelta(days=2),
                account=account,
            )
        )
        people.append((numbers[account.pk], key))
    LoginSession.objects.bulk_create(sessions, batch_size=2000)
    return f"/surveys/{survey.public_id}/answer/", people


@contextlib.contextmanager
def serve(application: str) -> Iterator[tuple[int, int]]:
    """Granian as ``auscult serve`` starts it, on a free port; gives port and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "2",
        "--blocking-threads", "1", "--backlog", "1024", "--no-ws", "--log-level", "critical", "--respawn-failed-workers",
        application,
    ]  # fmt: skip
    # While PostgreSQL is away every request fails, and each says so at length.
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(300):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                    connection.request("GET", "/health")
                    if connection.getresponse().status < 500:
                        break
                time.sleep(0.1)
            yield port, server.pid
        finally:
            server.terminate()
            server.wait()


class Browser:
    """One kept connection that tries again where the server went away."""

    def __init__(self, port: int, times: Times) -> None:
        self.port, self.times = port, times
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def send(
        self, kind: str, method: str, path: str, headers: dict[str, str], body: str = ""
    ) -> tuple[int, str, str, str]:
        """Status, text, cookies and where to go next."""
        began = time.perf_counter()
        for attempt in range(200):
            try:
                self.connection.request(method, path, body or None, headers)
                answer = self.connection.getresponse()
                text = answer.read().decode()
            except (OSError, http.client.HTTPException):
                self.connection.close()
                text = ""
            else:
                if answer.status < 500:
                    self.times.note(kind, time.perf_counter() - began)
                    return answer.status, text, answer.headers.get("Set-Cookie", ""), answer.headers.get("Location", "")
            with self.times.lock:
                self.times.retries += 1
            time.sleep(min(0.05 * (attempt + 1), 1.0))
        raise RuntimeError(f"{kind} {path} was never answered")


def answer_one(browser: Browser, path: str, member: int, session: str, dice: random.Random) -> None:
    """One member: open, save as one goes, submit, see the receipt."""
    began = time.perf_counter()
    headers = {"Cookie": f"sessionid={session}", "Host": f"127.0.0.1:{browser.port}"}
    status, page, cookies, location = browser.send("open", "GET", path, headers)
    token, secret = _TOKEN.search(page), re.search(r"csrftoken=([^;]+)", cookies)
    if status != 200 or token is None or secret is None:
        raise RuntimeError(f"the page answered {status} {location}")
    headers |= {
        "Cookie": f"sessionid={session}; csrftoken={secret[1]}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"http://127.0.0.1:{browser.port}",
    }
    chosen = {code: dice.choice(CHOICES) for code in QUESTIONS}
    fields = {"csrfmiddlewaretoken": token[1], "section": "s1", "seconds": "40", "nonce_seed": f"{member:016x}"}
    fields |= {f"shown_{code}": "1" for code in QUESTIONS} | {f"answer_{code}": value for code, value in chosen.items()}
    status, _, _, _ = browser.send("save", "POST", path + "save/", headers, urlencode(fields))
    if status != 200:
        raise RuntimeError(f"saving answered {status}")
    status, _, _, location = browser.send("submit", "POST", path, headers, urlencode(fields | {"step": "cast"}))
    if status != 302:
        raise RuntimeError(f"submitting answered {status}")
    with browser.times.lock:
        browser.times.acknowledged[member] = "".join(chosen.values())
    status, _, _, _ = browser.send("receipt", "GET", location, headers)
    browser.times.note("whole flow", time.perf_counter() - began)


def run_clients(port: int, path: str, people: list[tuple[int, str]], times: Times) -> float:
    """Everybody answers over so many connections; seconds that it took."""

    def work(part: list[tuple[int, str]]) -> None:
        browser, dice = Browser(port, times), random.Random(len(part))
        for member, session in part:
            answer_one(browser, path, member, session, dice)

    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for done in [pool.submit(work, people[index::CONNECTIONS]) for index in range(CONNECTIONS)]:
            done.result()
    return time.perf_counter() - began


def crash(server: int, after: threading.Event) -> None:
    """Kill one worker of the server, and stop and start PostgreSQL without letting it finish anything."""
    from auscult.config import local

    after.wait()
    workers = [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]
    os.kill(workers[-1], signal.SIGKILL)
    time.sleep(1)
    postgres = local.embedded_postgres()
    postgres.stop(at_once=True)
    postgres.start()


def count_lost_and_doubled(times: Times) -> tuple[int, int]:
    """Acknowledged ballots that are not there as sent, and more of anything than members answered."""
    from django.db import connection

    from auscult.surveys import rules
    from auscult.surveys.models import Ballot, BallotDraft, BallotKey, BallotTally, Turnout

    connection.close()
    key = bytes(BallotKey.objects.get().key)
    stored = {bytes(b.locator): "".join(b.answers[code] for code in QUESTIONS) for b in Ballot.objects.all()}
    lost = sum(stored.get(rules.locator(key, member)) != sent for member, sent in times.acknowledged.items())
    respondents = sum(BallotTally.objects.filter(question="").values_list("count", flat=True))
    of_first = sum(BallotTally.objects.filter(question="q1").values_list("count", flat=True))
    answered = len(times.acknowledged)
    doubled = (
        sum(abs(found - answered) for found in (len(stored), Turnout.objects.count(), respondents, of_first))
        + BallotDraft.objects.count()
    )
    return lost, doubled


def bare_inserts(count: int) -> float:
    """Inserts a second through the bare view."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_bare (id bigserial PRIMARY KEY, text text)")
    times = Times()
    with serve("bench.bare_wsgi:application") as (port, _):

        def work(number: int) -> None:
            browser = Browser(port, times)
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Host": f"127.0.0.1:{port}"}
            for _ in range(number):
                browser.send("insert", "POST", "/insert", headers, "text=one")

        began = time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(work, [count // CONNECTIONS] * CONNECTIONS))
        return (count // CONNECTIONS) * CONNECTIONS / (time.perf_counter() - began)


def measure(members: int, *, crashing: bool) -> list[Measure]:
    """The whole run."""
    from django.db import connection

    path, people = make_survey(members)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')")
        settings = cursor.fetchone()
    print(f"PostgreSQL: fsync {settings[0]}, synchronous_commit {settings[1]}; {CONNECTIONS} connections")
    times = Times()
    with serve("auscult.config.wsgi:application") as (port, server):
        half = threading.Event()
        helper = threading.Thread(target=crash, args=(server, half))
        if crashing:
            helper.start()
            threading.Thread(target=_at_half, args=(times, members, half), daemon=True).start()
        connection.close()
        took = run_clients(port, path, people, times)
        if crashing:
            helper.join()
    lost, doubled = count_lost_and_doubled(times)
    if crashing:
        print(f"a worker was killed and PostgreSQL restarted; {times.retries:,} requests were sent again")
    rate = members / took
    bare = bare_inserts(max(members, 400))
    what = f"{members:,} members"
    lines = [
        Measure(f"{what}: submissions a second", rate, "/s", "bare inserts", bare),
        Measure(f"{what}: seconds in all", took, "s", "two minutes", 120),
        Measure(f"{what}: acknowledged and lost", lost, "", "members", members),
        Measure(f"{what}: doubled or left over", doubled, "", "members", members),
    ]
    for kind, seconds in times.seconds.items():
        ordered = sorted(seconds)
        middle, slow = statistics.median(ordered), ordered[int(0.99 * (len(ordered) - 1))]
        lines.append(Measure(f"{kind}: median", 1000 * middle, "ms", "one bare insert", 1000 * CONNECTIONS / bare))
        lines.append(Measure(f"{kind}: p99", 1000 * slow, "ms", "half a second", 500))
    return lines


def _at_half(times: Times, members: int, half: threading.Event) -> None:
    while len(times.acknowledged) < members // 2:
        time.sleep(0.05)
    half.set()


if __name__ == "__main__":
    from auscult.demo import command

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4156
    os.environ.setdefault("AUSCULT_SECOND_FACTOR_REQUIRED", "0")
    os.environ.setdefault("AUSCULT_LOG_LEVEL", "CRITICAL")
    with command.scratch_database():
        found = measure(count, crashing="crash" in sys.argv)
    failed = [line for line in found if ("lost" in line.what or "doubled" in line.what) and line.value]
    report("fieldwork" + ("-crash" if "crash" in sys.argv else f"-{count}"), found)
    sys.exit(bool(failed))
