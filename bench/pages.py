"""Pages of the community over real HTTP, signed in, at 2,000 postings and at 100,000.

Granian with two workers as ``auscult serve`` starts it; a client of its own process keeps 16 connections busy. The reference
is a bare Django view on the same server and database: one indexed query, one template, nobody signed in. Processor time is
read from the kernel, of web and database processes alone; everything shares the machine's cores.

Usage: make bench B=pages, or ``python -m bench.pages small`` (2,000 postings alone).
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

from auscult.demo import command

from .fieldwork import serve
from .load import Load, cpu_seconds, memory_mb, send
from .report import Measure, report

CONNECTIONS, READERS = 16, 480
SMALL, LARGE = (2_000, 40_000), (100_000, 1_000_000)
#: Each kind is measured so many times, in turn with all the others, and the quietest time counts: whoever else is on the
#: machine only ever adds, by a third and more for minutes.
ROUNDS = 5
#: Processor milliseconds a page may cost, web and database together. A vote writes about what a comment writes.
TARGETS = {
    "feed": 6, "thread of 20": 6, "thread of 500": 30, "thread of 2,000": 30, "search": 15, "post a comment": 8, "vote": 8,
}  # fmt: skip
IN_TURN = "searches in turn, narrowed in ten ways"
_WORDS = (
    "patient", "insurance", "medicare", "nurse", '"prior authorization"', "malpractice", "residency", "rural", "audit",
    "billing code", "on call", "hospitalist", "sleep", "union", "electronic record", "vaccine", "-medicare insurance",
    "fee OR payment", "schedule", "liability", "psychiatry", "pathology report", "discharge", "denial", "zebra",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One kind of request under load."""

    load: Load
    web_ms: float
    database_ms: float

    @property
    def cpu_ms(self) -> float:
        return self.web_ms + self.database_ms


def sign_in_readers() -> list[str]:
    """Sessions of verified members."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.utils import timezone

    from auscult.members.models import Account, LoginSession
    from auscult.members.sessions import SessionStore

    store, sessions = SessionStore(), []
    for account in Account.objects.filter(member__level=2).order_by("-pk")[:READERS]:
        data = {
            SESSION_KEY: str(account.pk),
            HASH_SESSION_KEY: account.get_session_auth_hash(),
            BACKEND_SESSION_KEY: "allauth.account.auth_backends.AuthenticationBackend",
        }
        sessions.append(
            LoginSession(
                session_key=secrets.token_hex(16),
                session_data=store.encode(data),
                expire_date=timezone.now() + timedelta(days=2),
                account=account,
            )
        )
    LoginSession.objects.bulk_create(sessions)
    return [session.session_key for session in sessions]


class Requests:
    """Requests as bytes, each by the next reader."""

    def __init__(self, sessions: list[str]) -> None:
        self.sessions, self.used = sessions, 0
        self.secret = secrets.token_hex(16)

    def get(self, path: str, *, anonymous: bool = False) -> str:
        cookie = "" if anonymous else f"Cookie: sessionid={self._next()}\r\n"
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}\r\n"

    def post(self, path: str, fields: dict[str, str]) -> str:
        body = urlencode(fields | {"csrfmiddlewaretoken": self.secret})
        return (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nHX-Request: true\r\n"
            f"Cookie: sessionid={self._next()}; csrftoken={self.secret}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )

    def _next(self) -> str:
        self.used += 1
        return self.sessions[self.used % len(self.sessions)]


def open_poll() -> int:
    """A posting with an open poll; its number."""
    from auscult.community.actions.postings import PollDraft, create_posting
    from auscult.demo.story import LIVE_QUESTION
    from auscult.members.models import Account
    from auscult.members.queries.standing import get_standing
    from auscult.shared import clock

    now = clock.now()
    author = Account.objects.filter(member__level=2).order_by("pk")[7]
    draft = PollDraft((LIVE_QUESTION,), now + timedelta(days=7), "")
    words = {"title": "What should come first?", "body": "One question.", "topic": "health-reform"}
    return create_posting(standing=get_standing(author.pk, now), now=now, poll=draft, **words).pk


def paths(poll: int) -> dict[str, list[str]]:
    """Where each kind of page is found."""
    from django.db import connection

    from auscult.shared import clock

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM community_posting WHERE comments BETWEEN 18 AND 22 ORDER BY md5(id::text) LIMIT 500"
        )
        twenties = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT id FROM community_posting WHERE comments BETWEEN 480 AND 520")
        long = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT id FROM community_posting ORDER BY comments DESC LIMIT 1")
        longest = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT id FROM community_posting WHERE comments < 40 ORDER BY md5(id::text) LIMIT 500")
        written = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "SELECT m.handle, p.specialty_group, t.slug FROM community_posting AS p JOIN members_member AS m "
            "ON m.id = p.author_id JOIN shared_topic AS t ON t.id = p.topic_id ORDER BY p.id DESC LIMIT 1 OFFSET 10"
        )
        handle, specialty, topic = cursor.fetchone()
    month, years = (clock.now().date() - timedelta(days=days) for days in (30, 600))
    narrowed = [
        "", f"&topic={topic}", f"&specialty={specialty}", f"&author={handle}", f"&since={month}", f"&until={years}",
        "&kind=cases", f"&topic={topic}&since={month}", f"&specialty={specialty}&until={years}", "&order=newest",
    ]  # fmt: skip
    return {
        "feed": ["/feed/"],
        "thread of 20": [f"/postings/{each}/" for each in twenties],
        "thread of 500": [f"/postings/{each}/" for each in long],
        "thread of 2,000": [f"/postings/{each}/" for each in longest],
        "search": [f"/search/?q={quote(words)}" for words in _WORDS],
        IN_TURN: [f"/search/?q={quote(words)}{each}" for each in narrowed for words in _WORDS],
        "post a comment": [f"/postings/{each}/comments" for each in written],
        "vote": [f"/postings/{poll}/ballot"],
        "bare": [f"/page/{each}" for each in twenties],
    }


def requests_for(kind: str, where: list[str], count: int, make: Requests) -> list[str]:
    """So many requests of a kind."""
    found = []
    for index in range(count):
        path = where[index % len(where)]
        match kind:
            case "post a comment":
                # Never the same words twice: those sent again within two minutes are one comment, and cost less.
                body = (
                    f"I have seen *the same* on our ward, {make.used} times; "
                    "the form asks for what the chart says already."
                )
                found.append(make.post(path, {"body": body, "parent": ""}))
            case "vote":
                found.append(make.post(path, {"answer_q1": f"c{index % 4 + 1}"}))
            case _:
                found.append(make.get(path, anonymous=kind in {"bare", "public"}))
    return found


def queries_of(where: dict[str, list[str]], session: str) -> dict[str, int]:
    """Queries of one page of each kind, counted in this process."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client, found = Client(SERVER_NAME="127.0.0.1"), {}
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    for kind in TARGETS:
        for nth in range(2):
            # Other words each time: the same ones sent twice within two minutes are one comment.
            fields = {"post a comment": {"body": f"The same here, {nth}.", "parent": ""}, "vote": {"answer_q1": "c1"}}
            with CaptureQueriesContext(
                connection,
            ) as queries:
                path = where[kind][0]
                if kind in fields:
                    answer = client.post(path, fields[kind], headers={"HX-Request": "true"})
                else:
                    answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{kind}: {path} answered {answer.status_code}")
        found[kind] = sum(each["sql"].split()[0] not in {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"} for each in queries)
    return found


def run(port: int, web: int, database: int | None, requests: list[str], connections: int, folder: Path) -> Run:
    """Send, and read what the servers spent."""
    before = cpu_seconds(web), cpu_seconds(database) if database else 0.0
    load = send(port, requests, connections, folder)
    spent = cpu_seconds(web) - before[0], (cpu_seconds(database) if database else 0.0) - before[1]
    if set(load.statuses) != {"200"}:
        raise RuntimeError(f"answers by status: {load.statuses}; {requests[0].splitlines()[0]}")
    return Run(load, *(1000 * each / len(requests) for each in spent))


def database_pid() -> int | None:
    """Process of the embedded server; None where DATABASE_URL names another."""
    from auscult.config import local

    if os.environ.get("DATABASE_URL"):
        return None
    return int((local.embedded_postgres().data / "postmaster.pid").read_text().split()[0])


def measure_size(
    postings: int, comments: int, sessions: list[str], counts: dict[str, int], share: float
) -> tuple[list[Measure], dict[str, float]]:
    """Fill up to so much, and measure every page. Returns lines and CPU milliseconds by kind."""
    from django.db import connection, connections

    from auscult.community.actions.vocabulary import gather_vocabulary
    from auscult.community.models import Comment, Posting
    from auscult.demo.bulk import fill_community
    from auscult.shared import clock
    from auscult.shared.standing import CONSOLE

    until = clock.now() - timedelta(hours=1)
    fill_community(postings - Posting.objects.count(), comments - Comment.objects.count(), until=until)
    gather_vocabulary(standing=CONSOLE, now=clock.now())
    where = paths(open_poll())
    queries = queries_of(where, sessions[0])
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("VACUUM ANALYZE")
    connections.close_all()
    make, database = Requests(sessions), database_pid()
    all_kinds = ("bare", *TARGETS)
    requests = {kind: requests_for(kind, where[kind], counts[kind], make) for kind in all_kinds}
    rounds: dict[str, list[Run]] = {kind: [] for kind in (*all_kinds, "64 connections", "public", IN_TURN)}
    with tempfile.TemporaryDirectory() as name, serve("auscult.config.wsgi:application") as (port, web):
        folder = Path(name)
        with serve("bench.bare_wsgi:application") as (bare_port, bare_web):

            def go(kind: str, these: list[str], connections: int = CONNECTIONS) -> Run:
                at = (bare_port, bare_web) if kind == "bare" else (port, web)
                return run(*at, database, these, connections, folder)

            for kind in all_kinds:
                if kind != "vote":  # one ballot a reader
                    go(kind, requests_for(kind, where[kind], 100, make))
            for nth in range(ROUNDS):
                for kind in all_kinds:
                    size = len(requests[kind]) // ROUNDS
                    rounds[kind].append(go(kind, requests[kind][nth * size : (nth + 1) * size]))
                size = len(requests["thread of 20"]) // ROUNDS
                many = requests["thread of 20"][nth * size : (nth + 1) * size]
                rounds["64 connections"].append(go("64 connections", many, 64))
                public = requests_for("public", ["/"], counts["public"] // ROUNDS, make)
                rounds["public"].append(go("public", public))
                in_turn = requests_for(IN_TURN, where[IN_TURN], int(len(where[IN_TURN]) * share) or 1, make)
                rounds[IN_TURN].append(go(IN_TURN, in_turn, 1))
        memory = memory_mb(web)
    runs = {kind: min(found, key=lambda one: one.cpu_ms) for kind, found in rounds.items()}
    bare, lines = runs["bare"], []
    for kind, target in TARGETS.items():
        one, what = runs[kind], f"{postings:,} postings, {kind}"
        lines += [
            Measure(f"{what}: CPU", one.cpu_ms, "ms", "at most", target),
            Measure(f"{what}: of that the database", one.database_ms, "ms", "bare Django", bare.database_ms or 0.01),
            Measure(f"{what}: requests a second", one.load.rate, "/s", "bare Django", bare.load.rate),
            Measure(f"{what}: median", one.load.percentile(0.5), "ms", "bare Django", bare.load.percentile(0.5)),
            Measure(f"{what}: p99", one.load.percentile(0.99), "ms", "bare Django", bare.load.percentile(0.99)),
            Measure(f"{what}: queries", queries[kind], "", "at most", 12),
        ]
    lines += [
        Measure(f"{postings:,} postings, bare Django: CPU", bare.cpu_ms, "ms", "at most", bare.cpu_ms),
        Measure(
            f"{postings:,} postings, 64 connections: requests a second",
            runs["64 connections"].load.rate,
            "/s",
            "bare Django",
            bare.load.rate,
        ),
        Measure(
            f"{postings:,} postings, 64 connections: p99",
            runs["64 connections"].load.percentile(0.99),
            "ms",
            "bare Django",
            bare.load.percentile(0.99),
        ),
        Measure(
            f"{postings:,} postings, public page: requests a second", runs["public"].load.rate, "/s", "at least", 1500
        ),
        Measure(f"{postings:,} postings, {IN_TURN}: median", runs[IN_TURN].load.percentile(0.5), "ms", "at most", 100),
        Measure(f"{postings:,} postings, {IN_TURN}: slowest", runs[IN_TURN].load.percentile(1.0), "ms", "at most", 100),
        Measure(f"{postings:,} postings: memory of the web processes", memory, "MB", "at most", 300),
    ]
    return lines, {kind: runs[kind].cpu_ms for kind in ("bare", *TARGETS)}


def measure(*, large: bool, share: float = 1.0) -> list[Measure]:
    """Both sizes, with the same members; ``share`` of the requests."""
    from auscult.demo.members import fill_members
    from auscult.demo.register import write_register
    from auscult.registry.actions import load_register
    from auscult.shared import clock
    from auscult.shared.standing import CONSOLE

    now = clock.now()
    members = LARGE[0] if large else 4_000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "register.zip"
        write_register(file, members + members // 5)
        load_register(file, standing=CONSOLE, now=now)
    fill_members(members, now=now)
    sessions = sign_in_readers()
    counts = {
        "feed": 2000,
        "thread of 20": 2500,
        "thread of 500": 600,
        "thread of 2,000": 600,
        "search": 1000,
        "post a comment": 1500,
        "vote": 400,
    }
    counts |= {"bare": 4000, "public": 8000}
    counts = {kind: int(count * share) for kind, count in counts.items()}
    lines, small = measure_size(*SMALL, sessions, counts, share)
    if large:
        more, big = measure_size(*LARGE, sessions, counts, share)
        lines += more
        for kind in TARGETS:
            # Both sizes are measured minutes apart, and machines change their pace meanwhile: so in bare views too.
            views, few = big[kind] / big["bare"], small[kind] / small["bare"]
            lines += [
                Measure(f"{kind}: CPU at 100,000 postings", big[kind], "ms", "at 2,000", small[kind]),
                Measure(f"{kind}: CPU in bare views at 100,000 postings", views, "", "at 2,000", few),
            ]
    return lines


if __name__ == "__main__":
    os.environ.setdefault("AUSCULT_SECOND_FACTOR_REQUIRED", "0")
    os.environ.setdefault("AUSCULT_LOG_LEVEL", "CRITICAL")
    chosen = sys.argv[1] if len(sys.argv) > 1 else "large"
    with command.scratch_database():
        report("pages" if chosen == "large" else f"pages-{chosen}", measure(large=chosen == "large"))
