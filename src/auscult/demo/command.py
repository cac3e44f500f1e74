"""``auscult demo``: from nothing to a running, seeded site; and the same path without a server, checked."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auscult.config import local
from auscult.demo.size import BEGINS, SIZES, STORY_NOW
from auscult.demo.steps import Steps

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
    # The port first: links in mails lead to it.
    port = _free_port(port)
    os.environ.setdefault("AUSCULT_ORIGINS", f"http://127.0.0.1:{port}")
    with Steps(began) as steps:
        with steps("Start PostgreSQL"):
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
        code = code_version()
        if state is None:
            with RegisterProcess(SIZES[size].register) as register:
                with steps("Create the tables"):
                    _create_tables(foreign=foreign)
                people = seed(size, steps=steps, register=register)
            state = {
                "size": size,
                "database": database,
                "clock_behind_seconds": int((datetime.now(UTC) - STORY_NOW).total_seconds()),
                "password": people.password,
                "emails": people.emails,
                "unclaimed": people.unclaimed,
                "code": code,
            }
            _keep(marker, state)
        elif state.get("code") != code:
            with steps("Update the tables"):
                _create_tables(foreign=False)
            _keep(marker, state | {"code": code})
        steps.begin("Start the servers")
        os.environ["AUSCULT_DEMO"] = "1"
        os.environ["AUSCULT_CLOCK_BEHIND_SECONDS"] = str(state["clock_behind_seconds"])
        from auscult.config.processes import run_processes

        def ready(address: str) -> None:
            steps.end()
            _welcome(address, state, time.monotonic() - began)

        try:
            run_processes("127.0.0.1", port, 2, ready=ready)
        finally:
            if not foreign:
                _close_connections()
                local.embedded_postgres().stop_unless_used()
            click.echo("Stopped. `make demo` continues where you left; `make demo RESET=1` starts over.")
    return 0


def _close_connections() -> None:
    """Close what this process opened; a start that changed nothing never loaded Django."""
    if "django.db" in sys.modules:
        from django.db import connections

        connections.close_all()


def _keep(marker: Path, state: dict[str, Any]) -> None:
    draft = marker.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(state, indent=1))
    draft.rename(marker)


def code_version() -> str:
    """Digest of the migrations and static files, and of the packages that bring some: what a start must bring up to date."""
    whole = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted([*root.glob("*/migrations/*.py"), *root.glob("*/static/**/*"), *root.glob("*/sql/*")]):
        if path.is_file():
            whole.update(str(path.relative_to(root)).encode() + path.read_bytes())
    for package in ("django", "django-allauth", "django-htmx", "procrastinate", "whitenoise"):
        whole.update(f"{package} {version(package)}".encode())
    return whole.hexdigest()


def _create_tables(*, foreign: bool) -> None:
    """Migrate, and collect static files beside it: compressing them leaves the interpreter free."""
    _set_up_django()
    from django.core.management import call_command

    if foreign:
        _refuse_foreign_data()
    with ThreadPoolExecutor(1) as pool:
        collected = pool.submit(call_command, "collectstatic", verbosity=0, interactive=False)
        call_command("migrate", verbosity=0)
        collected.result()


def check(size: str) -> int:
    """Seed a scratch database, print every figure beside what it must be, verify the bundle. Returns the exit code."""
    with tempfile.TemporaryDirectory() as folder, Steps(time.monotonic()) as steps:
        with RegisterProcess(SIZES[size].register) as register, scratch_database(steps):
            seed(size, steps=steps, register=register)
            from auscult.demo.figures import print_and_check

            with steps("Check the figures"):
                code = print_and_check(SIZES[size], exact=size != "small", folder=Path(folder))
        steps.total()
    return code


@contextmanager
def scratch_database(steps: Steps | None = None) -> Iterator[None]:
    """A database that exists only for this run, beside the one of the demonstration."""
    foreign = bool(os.environ.get("DATABASE_URL"))
    steps = steps or Steps(time.monotonic(), quiet=True)
    with steps("Start PostgreSQL"):
        _prepare(SCRATCH)
        server = local.embedded_postgres()
        if not foreign:
            server.drop_database(SCRATCH)
            server.create_database(SCRATCH)
    with steps("Create the tables"):
        _create_tables(foreign=foreign)  # with static files: benches serve pages, or render them
    from django.db import connections

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


def seed(size_name: str, *, steps: Steps | None = None, register: RegisterProcess | None = None) -> People:
    """Everything of the demonstration, step by step. Returns the accounts to sign in with.

    Args:
        steps: shows the steps and their seconds; nothing is shown without it.
        register: writes the register already; one is started otherwise.
    """
    from django.db import connection

    from auscult.community.actions.vocabulary import gather_vocabulary
    from auscult.demo import appeal, partnership, story, surveys, voices
    from auscult.demo.bulk import fill_community
    from auscult.demo.cases import open_cases
    from auscult.demo.clock import stand_at
    from auscult.demo.community import fill_corners
    from auscult.demo.members import WRITERS, InventedMembers
    from auscult.demo.people import describe_unclaimed, free_records, make_people
    from auscult.demo.postings import PostingsProcess
    from auscult.registry.actions import load_register
    from auscult.shared.jobs import run_worker
    from auscult.shared.standing import CONSOLE

    size, steps = SIZES[size_name], steps or Steps(time.monotonic(), quiet=True)
    with connection.cursor() as cursor:
        # A demonstration that was cut off is made again, so nothing is lost by not waiting for the disk.
        cursor.execute("SET synchronous_commit TO off")
    stand_at(story.OPENS)
    with register or RegisterProcess(size.register) as written:
        with steps("Invent a register"):
            file = written.finish()
        with steps("Load the register") as progress:
            load_register(file, standing=CONSOLE, now=story.OPENS, progress=progress)
            # What the load means for members follows before there are any.
            run_worker(wait=False)
    story.set_denominator(size)
    # One member, the physician to sign in as, goes the whole way of verification instead.
    members = InventedMembers(size.members - 1, now=story.OPENS)
    writers = min(WRITERS, members.count)
    with steps("Members who write") as progress:
        members.write(0, writers, progress=progress)
        members.reserve()
        stand_at(partnership.BEFORE)
        people = make_people(partnership.BEFORE)
    postings = PostingsProcess(size_name, str(connection.settings_dict["NAME"]), steps.beside("Posts and comments"))
    try:
        stand_at(story.OPENS)
        with steps("Verified members") as progress:
            members.write(writers, members.count, progress=progress)
            members.finish()
        with steps("The survey of July 2009") as progress:
            posting = story.run_survey(size, progress)
        with steps("Mandates") as progress:
            voices.give_mandates(progress)
        with steps("Wait for posts and comments"):
            postings.finish()
        # Before the worker writes the survey of 2009 into the record: the record is told in order.
        with steps("The agreement of 2007") as progress:
            partnership.replay(people, progress)
            stand_at(story.OPENS)
            run_worker(wait=False)
        with steps("Close, publish, reply"):
            stand_at(story.CLOSES)
            story.publish(posting, people)
            partnership.aftermath(people)
            voices.quote_memberships(people)
        with steps("A position next to opinion") as progress:
            voices.run_compared_poll(size, people, progress)
            letter = appeal.open_appeal(people)
        with steps("The open letter of 2009") as progress:
            voices.count(people, 0, lambda *_: None)
            appeal.send_appeal(letter, size, people, progress)
            voices.count(people, 1, lambda *_: None)
            appeal.follow_up(letter)
        with steps("Surveys") as progress:
            stand_at(surveys.OPENS)
            surveys.field_surveys(size, people, progress)
        with steps("What is open now") as progress:
            stand_at(STORY_NOW - timedelta(hours=30))
            surveys.invite_physician(size, people)
            story.run_live_poll(size, progress)
            appeal.open_letter_to_sign(people, size.letter_signatures)
            open_cases(people)
            fill_corners(people)
            stand_at(STORY_NOW - timedelta(minutes=1))
            run_worker(wait=False)
        if size.bulk_postings:
            with steps("A large community") as progress:
                fill_community(size.bulk_postings, size.bulk_comments, until=STORY_NOW, progress=progress)
        with steps("Gather words and statistics"):
            gather_vocabulary(standing=CONSOLE, now=STORY_NOW)
            people.unclaimed = describe_unclaimed(free_records(1, STORY_NOW - timedelta(days=30))[0])
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
                cursor.execute("SET synchronous_commit TO on")
    except BaseException:
        postings.end()
        raise
    return people


class RegisterProcess:
    """Writes the invented register in a process of its own, while the tables are created: two cores, half the wait."""

    def __init__(self, physicians: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._file = Path(self._folder.name) / "NPPES_Data_Dissemination_June_2009_V2.zip"
        command = [sys.executable, "-m", "auscult.demo.register", str(self._file), str(physicians)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ourselves

    def __enter__(self) -> RegisterProcess:
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever happened, and delete the file."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._folder.cleanup()

    def finish(self) -> Path:
        """Wait for the file.

        Raises:
            RuntimeError: it failed; the text holds the end of its error.
        """
        _, error = self._process.communicate()
        if self._process.returncode != 0:
            raise RuntimeError(f"The register could not be written:\n{error[-2000:]}")
        return self._file


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

As newcomer@demo.example, claim a record that nobody has claimed: {_record_words(state)}
Codes go to addresses at hospital.example, and every mail is at  {address}dev/mail

Look first at
  {address}tour/              the quarrel of 2009, settled by records: ten pages
  {address}results/1/         the survey of July 2009: of whom may it speak?
  {address}feed/              as physician@demo.example: the newest posting has an open poll, vote in it
  {address}feed/?kind=unsolved   a case, with a connection beside an answer; /cases/new checks one of yours
  {address}moderation/        as moderator@demo.example: a flag waits; the log of decisions is public
  {address}surveys/           as physician@demo.example: a survey you are invited to; as researcher@demo.example one to design
  {address}appeals/           as physician@demo.example: an open letter to sign
  {address}mine/              as physician@demo.example: what was signed, and who read numbers about one's words
  {address}verifier/          as verifier@demo.example: cases wait, one of them disputed
  {address}record/            the record, with proofs
  .venv/bin/auscult verify BUNDLE.zip   download the bundle of the result and check it offline

Ctrl-C stops everything."""
    )
    sys.stdout.flush()


def _record_words(state: dict[str, Any]) -> str:
    """An unclaimed record, in words."""
    record = state["unclaimed"]
    return (
        f"number {record['number']}, {record['first_name']} {record['last_name']}, "
        f"license {record['license']} of {record['state']}"
    )


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
