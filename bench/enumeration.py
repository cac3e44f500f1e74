"""What ten thousand tries at claiming records over HTTP learn: from the limits, from content, from time.

Two runs against Granian on loopback. With the limits as they are: how many tries are looked at at all. Without them: whether
status, body or time tells the refusals apart («no such NPI», «another name», «another licence», «deactivated»), and whether it
tells a record that somebody holds from a free one: both are taken, and withdrawn again. The reference of a time is the median
over all answers of its group; the reference of telling apart is 0.5, a toss of a coin.

Usage: make bench B=enumeration, or ``python -m bench.enumeration small``.
"""

from __future__ import annotations

import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from .report import Measure, report

#: Taken whatever they are; the others are refused.
TAKEN = ("claimed already", "free")
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
#: What differs between answers by itself: the form's token, and what was typed, which comes back in the fields.
_VARIES = re.compile(r'value="[^"]*"')


@dataclass(frozen=True)
class Try:
    """One try: what was wrong with it, and what was sent."""

    kind: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    kind: str
    status: int
    body: str
    seconds: float


def make_people(physicians: int, attackers: int) -> tuple[list[Try], list[str]]:
    """A register with some records claimed and some deactivated; tries of each kind, and sessions of attackers."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from auscult.demo.members import fill_members
    from auscult.demo.register import invented_npi, write_register
    from auscult.members.actions.accounts import create_member
    from auscult.members.casework import record_mark
    from auscult.members.models import Account, Claim
    from auscult.registry.actions import load_register
    from auscult.registry.models import RegisterRecord
    from auscult.shared import clock
    from auscult.shared.standing import CONSOLE

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "register.zip"
        write_register(file, physicians)
        load_register(file, standing=CONSOLE, now=clock.now())
    fill_members(physicians // 4, now=clock.now())
    records = list(RegisterRecord.objects.order_by("number"))
    marks = {bytes(mark) for mark in Claim.objects.values_list("record_fingerprint", flat=True)}
    claimed = [r for r in records if record_mark(r.number) in marks]
    free = [r for r in records if record_mark(r.number) not in marks]
    gone = free[: len(free) // 4]
    RegisterRecord.objects.filter(number__in=[r.number for r in gone]).update(status="deactivated")
    free = free[len(gone) :]

    def fields(record: RegisterRecord, **changes: str) -> dict[str, str]:
        number, state = record.licences[0]
        return {
            "number": record.number, "last_name": record.last_name, "first_name": record.first_name, "licence": number,
            "licence_state": state,
        } | changes  # fmt: skip

    tries = [
        *(Try("claimed already", fields(r)) for r in claimed),
        *(Try("free", fields(r)) for r in free),
        *(Try("another name", fields(r, last_name="Nobodyberg")) for r in free),
        *(Try("another licence", fields(r, licence="ZZ000001")) for r in free),
        *(Try("deactivated", fields(r)) for r in gone),
        *(Try("no such NPI", fields(r, number=invented_npi(10_000_000 + i))) for i, r in enumerate(free)),
    ]
    cookies = []
    for index in range(attackers):
        account = Account.objects.create_user(f"attacker{index}@example.org")
        create_member(account_id=account.pk)
        session = SessionStore()
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(account.pk), account.get_session_auth_hash()
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session.create()
        cookies.append(str(session.session_key))
    return tries, cookies


@contextmanager
def serve(application: str, threads: int) -> Iterator[str]:
    """Granian on a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "2",
        "--blocking-threads", str(threads), "--no-ws", "--log-level", "warning", application,
    ]  # fmt: skip
    with subprocess.Popen(command) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(200):
                try:
                    httpx.get(f"{address}/health", timeout=1)
                    break
                except httpx.HTTPError:
                    time.sleep(0.1)
            yield address
        finally:
            server.terminate()
            server.wait()


def attack(address: str, cookies: list[str], tries: list[Try], parallel: int) -> list[Answer]:
    """Every try once, shared among the sessions."""

    def work(part: list[Try], cookie: str) -> list[Answer]:
        found = []
        # A connection of its own for each request: one that is kept may be closed by the server as the next is sent.
        each_its_own = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(base_url=address, timeout=30, cookies={"sessionid": cookie}, limits=each_its_own) as client:
            page = client.get("/verify/").text
            token = _TOKEN.search(page)
            for one in part:
                data = one.fields | {"csrfmiddlewaretoken": token[1] if token else ""}
                began = time.perf_counter()
                answer = client.post("/verify/claim", data=data, headers={"Referer": address})
                seconds = time.perf_counter() - began
                if answer.status_code == 302:
                    client.post("/verify/claim/withdraw", data=data, headers={"Referer": address})
                    # What was done is said once on the next page; it says nothing of the record.
                    client.get("/verify/")
                found.append(Answer(one.kind, answer.status_code, _VARIES.sub("", answer.text), seconds))
        return found

    parts = [tries[index :: len(cookies)] for index in range(len(cookies))]
    with ThreadPoolExecutor(parallel) as pool:
        return [answer for part in pool.map(work, parts, cookies) for answer in part]


def told_apart(answers: list[Answer], kind: str) -> float:
    """How well the time alone tells one kind from all others: area under the curve, 0.5 is a toss of a coin."""
    values = sorted((answer.seconds, answer.kind == kind) for answer in answers)
    ranks = [rank for rank, (_, own) in enumerate(values, start=1) if own]
    own, others = len(ranks), len(values) - len(ranks)
    area = (sum(ranks) - own * (own + 1) / 2) / (own * others)
    return max(area, 1 - area)


def measure(size: str) -> list[Measure]:
    """Both runs."""
    full = size == "full"
    physicians, count, parallel = (8_000, 10_000, 24) if full else (120, 60, 4)
    tries, cookies = make_people(physicians, parallel + 1)
    random.Random(3).shuffle(tries)
    tries = tries[:count]
    with serve("auscult.config.wsgi:application", 1) as address:
        limited = attack(address, cookies[:1], tries, 1)
    looked_at = sum(answer.status != 429 for answer in limited)
    with serve("bench.enumeration_wsgi:application", parallel) as address:
        free = attack(address, cookies[1:], tries, parallel)
    lines = [Measure(f"of {count:,} tries by one account, looked at", looked_at, "", "tries", count)]
    for words, group in (
        ("refused", [answer for answer in free if answer.kind not in TAKEN]),
        ("taken", [answer for answer in free if answer.kind in TAKEN]),
    ):
        statuses, bodies = Counter(answer.status for answer in group), Counter(answer.body for answer in group)
        middle = 1000 * statistics.median(answer.seconds for answer in group)
        lines.append(Measure(f"{words}: different statuses {sorted(statuses)}", len(statuses), "", "one", 1))
        lines.append(Measure(f"{words}: different bodies", len(bodies), "", "one", 1))
        for kind in sorted({answer.kind for answer in group}):
            seconds = [answer.seconds for answer in group if answer.kind == kind]
            what = f"{words}: median time, {kind} ({len(seconds):,})"
            lines.append(Measure(what, 1000 * statistics.median(seconds), "ms", f"all {words}", middle))
            lines.append(Measure(f"told apart by time: {kind}", told_apart(group, kind), "", "a toss of a coin", 0.5))
    return lines


if __name__ == "__main__":
    from auscult.demo import command

    chosen = sys.argv[1] if len(sys.argv) > 1 else "full"
    os.environ.setdefault("AUSCULT_SECOND_FACTOR_REQUIRED", "0")
    os.environ.setdefault("AUSCULT_LOG_LEVEL", "ERROR")
    with command.scratch_database():
        report("enumeration", measure(chosen))
