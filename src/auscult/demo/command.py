"""``auscult demo``: from nothing to a running, seeded site; and the same path without a server, checked."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from auscult.config import local
from auscult.demo.size import BEGINS, SIZES, STORY_NOW

if TYPE_CHECKING:
    from auscult.demo.people import People

DATABASE, SCRATCH = "auscult_demo", "auscult_check"


def run(*, size: str, reset: bool, port: int) -> int:
    """Seed where needed, serve, and print where to look. Returns the exit code."""
    with _only_one():
        return _run(size=size, reset=reset, port=port)


@contextmanager
def _only_one() -> Iterator[None]:
    """One demonstration at a time in a folder: a second would drop the database under the first."""
    local.var_dir().mkdir(parents=True, exist_ok=True)
    with (local.var_dir() / "demo.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(
                "A demonstration runs in this folder already. Stop it with Ctrl-C first."
            ) from None
        yield


def _run(*, size: str, reset: bool, port: int) -> int:
    began = time.monotonic()
    marker = local.var_dir() / "demo.json"
    foreign = bool(os.environ.get("DATABASE_URL"))
    _prepare(DATABASE)
    # A marker counts for the database that it was made with, and for no other.
    database = hashlib.sha256(local.database_url().encode()).hexdigest()
    state = json.loads(marker.read_text()) if marker.exists() else None
    if state is not None and (reset or state.get("database") != database):
        state = None
    if state is None and not foreign:
        # Without its marker a demonstration was not finished; half of one is of no use.
        marker.unlink(missing_ok=True)
        local.embedded_postgres().drop_database(DATABASE)
        local.embedded_postgres().create_database(DATABASE)
    _set_up_django()
    from django.core.management import call_command

    if foreign and state is None:
        _refuse_foreign_data()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    if state is None:
        people = seed(size)
        state = {
            "size": size,
            "database": database,
            "clock_behind_seconds": int((datetime.now(UTC) - STORY_NOW).total_seconds()),
            "password": people.password,
            "emails": people.emails,
        }
        draft = marker.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(state, indent=1))
        draft.rename(marker)
    os.environ["AUSCULT_DEMO"] = "1"
    os.environ["AUSCULT_CLOCK_BEHIND_SECONDS"] = str(state["clock_behind_seconds"])
    from django.db import connections

    from auscult.config.processes import run_processes

    try:
        run_processes("127.0.0.1", _free_port(port), 2, ready=lambda at: _welcome(at, state, time.monotonic() - began))
    finally:
        if not foreign:
            connections.close_all()
            local.embedded_postgres().stop_unless_used()
        click.echo("Stopped. `make demo` goes on where you left; `make demo RESET=1` begins anew.")
    return 0


def check(size: str) -> int:
    """Seed a scratch database, print every figure beside what it must be, verify the bundle. Returns the exit code."""
    with tempfile.TemporaryDirectory() as folder, scratch_database():
        seed(size)
        from auscult.demo.figures import print_and_check

        return print_and_check(SIZES[size], exact=size != "small", folder=Path(folder))


@contextmanager
def scratch_database() -> Iterator[None]:
    """A database that exists only for this run, beside the one of the demonstration."""
    foreign = os.environ.get("DATABASE_URL")
    _prepare(SCRATCH)
    server = local.embedded_postgres()
    if not foreign:
        server.drop_database(SCRATCH)
        server.create_database(SCRATCH)
    _set_up_django()
    from django.core.management import call_command
    from django.db import connections

    if foreign:
        _refuse_foreign_data()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)  # the benches serve pages, or render them
    try:
        yield
    finally:
        connections.close_all()
        if not foreign:
            server.drop_database(SCRATCH)
            server.stop_unless_used()


def _prepare(database: str) -> None:
    os.environ.setdefault("AUSCULT_INSTITUTION_DOMAINS", "hospital.example")
    # One signs in as a dozen people here; the second factor is offered, and required in an instance of your own.
    os.environ.setdefault("AUSCULT_SECOND_FACTOR_REQUIRED", "0")
    local.allow_plain_loopback("127.0.0.1")
    local.load_local_environment()
    os.environ["AUSCULT_DATABASE"] = database
    # While the story is told, the worker's clock stands at its beginning: nothing falls due by the real date.
    os.environ["AUSCULT_CLOCK_BEHIND_SECONDS"] = str(int((datetime.now(UTC) - BEGINS).total_seconds()))
    if not os.environ.get("DATABASE_URL"):
        server = local.embedded_postgres()
        server.start()
        server.create_database(database)


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "auscult.config.settings")
    import django

    django.setup()


def _refuse_foreign_data() -> None:
    """A demonstration never writes into a database that holds anything."""
    from django.db import connection

    if "members_member" in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM members_member")
            if cursor.fetchone()[0]:
                raise click.ClickException(
                    "The database of DATABASE_URL holds members already. Name an empty database for the demonstration."
                )


def seed(size_name: str) -> People:
    """Everything of the demonstration, with a bar for each step. Returns the accounts to sign in with."""
    from django.db import connection

    from auscult.community.actions.vocabulary import gather_vocabulary
    from auscult.demo import appeal, partnership, story, surveys, voices
    from auscult.demo.bulk import fill_community
    from auscult.demo.cases import open_cases
    from auscult.demo.community import fill_corners
    from auscult.demo.members import fill_members
    from auscult.demo.people import make_people
    from auscult.demo.postings import PostingsProcess
    from auscult.demo.register import write_register
    from auscult.registry.actions import load_register
    from auscult.shared.jobs import run_worker
    from auscult.shared.standing import CONSOLE

    size = SIZES[size_name]
    with connection.cursor() as cursor:
        # A demonstration that was cut off is made anew, so nothing is lost by not waiting for the disk.
        cursor.execute("SET synchronous_commit TO off")
    with _steps() as step, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "NPPES_Data_Dissemination_June_2009_V2.zip"
        write_register(file, size.register, progress=step("Invent a register"))
        load_register(file, standing=CONSOLE, now=story.OPENS, progress=step("Load the register"))
        story.set_denominator(size)
        # One member, the physician to sign in as, goes the whole way of verification instead.
        fill_members(size.members - 1, now=story.OPENS, progress=step("Verified members"))
        people = make_people(partnership.BEFORE)
        ballots = step("The survey of July 2009")
        postings = PostingsProcess(size_name, str(connection.settings_dict["NAME"]), step("Postings and comments"))
        try:
            posting = story.run_survey(size, ballots)
            postings.finish()
            # Before the worker writes the survey of 2009 into the record: the record is told in order.
            partnership.replay(people, step("The agreement of 2007"))
            run_worker(wait=False)
            done = step("Close, publish, reply")
            story.publish(posting, people)
            done(1, 1)
            partnership.aftermath(people)
            voices.quote_memberships(people)
            voices.run_compared_poll(size, people, step("A position beside opinion"))
            letter = appeal.open_appeal(people)
            mandates = step("Mandates, counted twice")
            voices.give_mandates(mandates)
            voices.count(people, 0, mandates)
            appeal.send_appeal(letter, size, people, step("The appeal of September 2009"))
            voices.count(people, 1, mandates)
            appeal.follow_up(letter)
            surveys.field_surveys(size, people, step("A sample survey"))
            story.run_live_poll(size, step("A poll still open"))
            open_cases(people)
            fill_corners(people)
            if size.bulk_postings:
                advance = step("A large community")
                fill_community(size.bulk_postings, size.bulk_comments, until=STORY_NOW, progress=advance)
            gather_vocabulary(standing=CONSOLE, now=STORY_NOW)
        except BaseException:
            postings.end()
            raise
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET synchronous_commit TO on")
    return people


@contextmanager
def _steps() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:

        def step(words: str) -> Callable[[int, int], None]:
            task = bars.add_task(words, total=None)
            if not console.is_terminal:
                console.print(words)

            def advance(done: int, total: int) -> None:
                bars.update(task, completed=done, total=total)
                if done >= total:
                    bars.stop_task(task)

            return advance

        yield step


def _free_port(wanted: int) -> int:
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise click.ClickException(f"No free port from {wanted} to {wanted + 99}. Give another with --port.")


def _welcome(address: str, state: dict[str, Any], seconds: float) -> None:
    logins = "\n".join(f"  {email:<30} {_WHAT[who]}" for who, email in state["emails"].items())
    click.echo(
        f"""
Auscult is ready after {seconds:.0f} seconds:  {address}

Sign in with the password  {state["password"]}  as
{logins}

Look first at
  {address}tour/              the quarrel of 2009, settled by records: ten pages
  {address}results/1/         the survey of July 2009: of whom may it speak?
  {address}feed/              as physician@demo.example: the newest posting has an open poll, vote in it
  {address}feed/?kind=unsolved   a case, with a connection beside an answer; /cases/new checks one of yours
  {address}moderation/        as moderator@demo.example: a flag waits; the log of decisions is public
  {address}surveys/           as physician@demo.example: a survey to answer; as researcher@demo.example one to design
  {address}mine/              as physician@demo.example: what was signed, and who read numbers about one's words
  {address}verifier/          as verifier@demo.example: cases wait, one of them disputed
  {address}record/            the record, with proofs
  .venv/bin/auscult verify BUNDLE.zip   download the bundle of the result and check it offline

Ctrl-C stops everything."""
    )
    sys.stdout.flush()


_WHAT = {
    "physician": "a verified physician: reads, votes, writes",
    "applicant": "registered, with a claim in the queue: reads",
    "newcomer": "just signed up: may claim a record",
    "verifier": "decides claims, sees names, never handles",
    "editor": "publishes results",
    "researcher": "runs surveys",
    "operator": "runs the instance, and represents it in agreements",
    "moderator": "decides about flagged words, opens appeals for signature, keeps issues",
    "arbiter": "rules on allegations between parties",
    "representative": "answers for an organisation, with a badge",
    "custodian": "with a second one, a reason and a notice, may see who stands behind a handle",
    "second-verifier": "the second opinion that some cases need",
    "second-custodian": "must agree before anything is seen",
    "disputed": "a member whose record somebody else claims",
    "rival": "who claims it",
    "resident": "in training, waits for a verifier",
    "moved": "waits for a letter to the registered practice",
}
