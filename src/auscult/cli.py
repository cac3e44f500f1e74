"""The command line: ``auscult``.

``verify`` and ``weight`` need the base install only. Every other command needs ``auscult[server]``: it sets up the local
instance first, and without the server it says so in one sentence.
"""

from __future__ import annotations

import atexit
import os
import sys
from datetime import date
from pathlib import Path

import click

from auscult.cli_server import MainGroup
from auscult.cli_weight import weight

# Our matrices have some dozens of rows: threads of the linear algebra library cost more than they do (a ballot took 8.8
# instead of 6.7 ms). It reads this once, when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@click.group(cls=MainGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="auscult")
def main() -> None:
    """Auscult: verified physicians, measured opinion, and a record anyone can check.

    ``verify`` and ``weight`` work everywhere. The other commands need the server: pip install 'auscult[server]'.
    """


main.add_command(weight)


def _start() -> None:
    """Local secrets, the embedded database where no other is named, and Django."""
    from auscult.config import local

    local.load_local_environment()
    if not os.environ.get("DATABASE_URL"):
        server = local.embedded_postgres()
        if server.start():
            atexit.register(_leave_database)
        server.create_database(os.environ.get("AUSCULT_DATABASE", "auscult"))
    _set_up_django()


def _leave_database() -> None:
    """Stop the embedded server that this command started, unless another command uses it by now."""
    from django.db import connections

    from auscult.config import local

    connections.close_all()
    local.embedded_postgres().stop_unless_used()


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "auscult.config.settings")
    import django

    django.setup()


@main.command(cls=click.Command)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--receipt", type=click.Path(path_type=Path), help="Your receipt: is your ballot among those counted?")
@click.option("--cells", type=click.Path(path_type=Path), help="The full cell table, for an auditor.")
@click.option("--key", help="Fingerprint of the key that must have signed.")
def verify(bundle: Path, receipt: Path | None, cells: Path | None, key: str | None) -> None:
    """Check a result BUNDLE, or an extract of the record, with no database and no network.

    Exit code 0: all true; 1: something is false; 2: unreadable.
    """
    from auscult.evidence.bundle import UnreadableBundle
    from auscult.evidence.checks import FALSE
    from auscult.evidence.verifier import verify_bundle

    try:
        checks = verify_bundle(
            bundle.read_bytes(),
            receipt=receipt.read_bytes() if receipt else None,
            cells=cells.read_bytes() if cells else None,
            expected_key=key,
        )
    except (UnreadableBundle, OSError) as error:
        click.echo(f"verify: unreadable: {error}", err=True)
        sys.exit(2)
    width = max(len(check.what) for check in checks)
    for check in checks:
        click.echo(f"{check.what:<{width}}  {check.verdict:<11}  {check.detail}")
    false = [check for check in checks if check.verdict == FALSE]
    click.echo(f"verify: {'FALSE' if false else 'ok'}")
    sys.exit(1 if false else 0)


@main.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Run a Django command, for example ``auscult manage migrate``."""
    _start()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["auscult manage", *arguments])


@main.command()
def worker() -> None:
    """Run queued jobs until stopped."""
    _start()
    from auscult.shared.jobs import run_worker

    run_worker()


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Web processes.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the site and run the worker, until Ctrl-C."""
    from auscult.config import local

    local.allow_plain_loopback(host)
    _start()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    from auscult.config.processes import run_processes

    run_processes(host, port, workers, ready=lambda address: click.echo(f"Serving on {address}"))


@main.group()
def registry() -> None:
    """Registers of physicians."""


@registry.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--register", default="nppes", show_default=True, help="nppes, rpps, or a mapping: FILE.toml.")
@click.option("--as-of", "as_of", type=click.DateTime(["%Y-%m-%d"]), help="Date of the register, if its name lacks it.")
@click.option(
    "--rejects", type=click.Path(path_type=Path), help="Where rejected lines are listed; beside FILE by default."
)
@click.option("--dry-run", is_flag=True, help="Do everything, say what would change, change nothing.")
def registry_load(file: Path, register: str, as_of: object, rejects: Path | None, dry_run: bool) -> None:
    """Load a register FILE.

    NPPES: the monthly file, then the weekly ones in order (csv or zip), and the deactivation report (xlsx). RPPS: the open
    extract. Any other list: csv with a mapping (docs/registers.md).
    """
    _start()
    from datetime import datetime

    from django.core.management import call_command

    from auscult.registry.actions import load_register
    from auscult.registry.sources.files import UnusableRegisterFile
    from auscult.registry.sources.tables import load_mapping
    from auscult.shared import clock
    from auscult.shared.progress import bytes_bar
    from auscult.shared.standing import CONSOLE

    call_command("migrate", verbosity=0)
    day: date | None = as_of.date() if isinstance(as_of, datetime) else None
    rejects = rejects or file.with_name(file.name + ".rejects.csv")
    try:
        if register not in {"nppes", "rpps"} and not register.endswith(".toml"):
            raise click.ClickException("--register is nppes, rpps, or the path of a mapping that ends in .toml.")
        source = load_mapping(Path(register)) if register.endswith(".toml") else register
        with bytes_bar(f"Loading {file.name}") as advance:
            loaded = load_register(
                file,
                standing=CONSOLE,
                now=clock.now(),
                register=source,
                as_of=day,
                dry_run=dry_run,
                progress=advance,
            )
    except UnusableRegisterFile as error:
        _write_rejects(rejects, error.bad_lines)
        raise click.ClickException(str(error)) from error
    load = loaded.load
    if loaded.repeated:
        click.echo(f"This very file was loaded on {load.loaded_at:%d %B %Y}; nothing was done.")
        return
    click.echo(
        f"{load.kind} file as of {load.as_of}: {load.rows:,} rows = {load.kept:,} physicians + {load.deactivated:,} "
        f"deactivated + {load.other:,} others + {load.rejected:,} rejected"
    )
    click.echo(", ".join(f"{what} {count:,}" for what, count in load.changes.items()))
    for frame in loaded.frames:
        click.echo(f"Frame of {frame.total:,}: {frame.definition}, as of {frame.as_of}")
    _write_rejects(rejects, loaded.bad_lines)
    if dry_run:
        click.echo("Dry run: nothing was changed.")


def _write_rejects(path: Path, bad_lines: list[tuple[int, str]]) -> None:
    if bad_lines:
        path.write_text("line,reason\n" + "".join(f'{number},"{reason}"\n' for number, reason in bad_lines))
        click.echo(f"Rejected lines: {path}")


@registry.command("status")
@click.option("--all", "everything", is_flag=True, help="Every state and specialty, not the ten largest.")
def registry_status(everything: bool) -> None:
    """Loads, counts by status, specialty and state, and the age of the data."""
    _start()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from auscult.registry.queries import list_register_statuses
    from auscult.shared import clock

    found = list_register_statuses(clock.now())
    if not found:
        click.echo("No register is loaded. Load one: auscult registry load FILE")
    for status in found:
        click.echo(f"{status.register}: as of {status.as_of}, {status.age_days} days old")
        for title, rows in (
            ("status", status.by_status),
            ("specialty", status.by_specialty),
            ("state", status.by_state),
        ):
            shown = rows if everything else rows[:10]
            click.echo(f"  by {title}")
            for level, count in shown:
                click.echo(f"    {count:>12,}  {level}")
            if len(rows) > len(shown):
                rest = sum(count for _, count in rows[len(shown) :])
                click.echo(f"    {rest:>12,}  in {len(rows) - len(shown)} more (--all)")
        click.echo("  frames")
        for frame in status.frames:
            click.echo(f"    {frame.total:>12,}  {frame.definition}, as of {frame.as_of}")
        click.echo("  loads, the newest first")
        for load in status.loads:
            changes = ", ".join(
                f"{what} {count:,}" for what, count in load.changes.items() if not what.startswith("active")
            )
            click.echo(
                f"    {load.loaded_at:%Y-%m-%d %H:%M}  {load.kind:<6}  as of {load.as_of}  {load.rows:,} rows, "
                f"{load.rejected:,} rejected  {changes}  {load.filename}  sha256 {load.sha256[:12]}"
            )


@registry.command("benchmarks")
@click.argument("file", type=click.Path(path_type=Path))
def registry_benchmarks(file: Path) -> None:
    """Load independent denominators from a csv FILE: code, words, persons, as_of, definition, source."""
    _start()
    from django.core.management import call_command

    from auscult.registry.actions import CannotLoadBenchmarks, load_benchmarks
    from auscult.shared import clock
    from auscult.shared.standing import CONSOLE

    call_command("migrate", verbosity=0)
    try:
        found = load_benchmarks(file, standing=CONSOLE, now=clock.now())
    except CannotLoadBenchmarks as error:
        raise click.ClickException(str(error)) from error
    for benchmark in found:
        click.echo(f"{benchmark.persons:>12,}  {benchmark.words}, {benchmark.as_of} ({benchmark.code})")


@main.group()
def identity() -> None:
    """Sealed identities."""


@identity.command("rotate")
def identity_rotate() -> None:
    """Seal everything anew with the first key of AUSCULT_IDENTITY_KEYS; then older keys can be taken out."""
    _start()
    from auscult.members.actions.privacy import rotate_keys
    from auscult.shared import clock
    from auscult.shared.crypto import CannotOpen
    from auscult.shared.progress import count_bar
    from auscult.shared.standing import CONSOLE

    try:
        with count_bar("Sealing anew") as advance:
            done = rotate_keys(standing=CONSOLE, now=clock.now(), progress=advance)
    except CannotOpen as error:
        raise click.ClickException(f"{error} Put the older key back behind the new one and begin again.") from error
    click.echo(f"{done:,} values sealed anew. Older keys can be taken out of AUSCULT_IDENTITY_KEYS now.")


@main.command()
def bounce() -> None:
    """Read a returned mail from standard input; a mail server pipes it here."""
    _start()
    from auscult.shared.mail import read_bounce

    click.echo("noted" if read_bounce(sys.stdin.buffer.read()) else "not one of ours, or not for good")


@main.command("role")
@click.argument("email")
@click.argument("role")
def grant(email: str, role: str) -> None:
    """Give an account (EMAIL) a ROLE: verifier, researcher, editor, moderator, arbiter, custodian or operator."""
    _start()
    from auscult.members.actions.accounts import grant_role
    from auscult.shared import clock
    from auscult.shared.refusals import Refused
    from auscult.shared.roles import GRANTABLE, Role
    from auscult.shared.standing import CONSOLE

    if role not in {each.value for each in GRANTABLE}:
        raise click.ClickException(f"Roles are: {', '.join(sorted(each.value for each in GRANTABLE))}.")
    try:
        grant_role(standing=CONSOLE, now=clock.now(), email=email, role=Role(role))
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"The account is {role} now.")


@main.command()
@click.argument("slug")
@click.argument("name")
@click.argument("kind")
@click.option("--website", default="", help="Its address.")
def organisation(slug: str, name: str, kind: str, website: str) -> None:
    """Add an organisation: SLUG in addresses, its NAME, and its KIND.

    Kinds: association, specialty society, company, agency, journal, operator of this place.
    """
    _start()
    from django.conf import settings
    from django.urls import reverse

    from auscult.organisations.actions import add_organisation
    from auscult.organisations.models import Organisation
    from auscult.shared import clock
    from auscult.shared.refusals import Refused
    from auscult.shared.standing import CONSOLE

    if kind not in Organisation.Kind.values:
        raise click.ClickException(f"Kinds are: {', '.join(Organisation.Kind.values)}.")
    try:
        add_organisation(
            standing=CONSOLE, now=clock.now(), slug=slug, name=name, kind=Organisation.Kind(kind), website=website
        )
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{name} is here now: {settings.SITE_URL}{reverse('web:organisation-read', args=[slug])}")


@main.command()
@click.argument("email")
@click.argument("slug")
@click.option("--name", required=True, help="The public name under which the representative speaks.")
@click.option("--scope", required=True, help="What the representative speaks on, in words.")
@click.option(
    "--may", "powers", multiple=True, required=True, help="reply, claim, position, answer, agreement, access."
)
def representative(email: str, slug: str, name: str, scope: str, powers: tuple[str, ...]) -> None:
    """Let the account EMAIL act for the organisation SLUG; repeat --may for each power."""
    _start()
    from auscult.organisations.access import load_organisation
    from auscult.organisations.actions import appoint_representative
    from auscult.organisations.rules import Power
    from auscult.shared import clock
    from auscult.shared.refusals import Refused
    from auscult.shared.standing import CONSOLE

    if set(powers) - set(Power):
        raise click.ClickException(f"Powers are: {', '.join(Power)}.")
    try:
        appoint_representative(
            standing=CONSOLE,
            now=clock.now(),
            organisation=load_organisation(slug),
            email=email,
            public_name=name,
            scope=scope,
            powers=[Power(power) for power in powers],
        )
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{name} speaks for {slug} on {scope}.")


@main.command()
@click.argument("number", type=int)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def cells(number: int, file: Path) -> None:
    """Write the full cell table of result NUMBER to FILE, for an auditor; the export is on the audit trail."""
    _start()
    from auscult.publishing.actions import export_cells
    from auscult.shared import clock
    from auscult.shared.refusals import Refused
    from auscult.shared.standing import CONSOLE

    try:
        file.write_bytes(export_cells(standing=CONSOLE, now=clock.now(), number=number))
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"Wrote {file}. It can single people out: hand it to an auditor under an agreement, to nobody else.")


@main.command()
@click.option("--check", is_flag=True, help="No server: seed a scratch database, print the figures and check them.")
@click.option("--reset", is_flag=True, help="Begin anew.")
@click.option("--size", type=click.Choice(["full", "100k", "small"]), default="full", show_default=True)
@click.option("--port", default=8000, show_default=True, help="The next free port is taken if this one is not.")
def demo(*, check: bool, reset: bool, size: str, port: int) -> None:
    """The survey of July 2009, from nothing to a checked result."""
    from auscult.demo import command

    sys.exit(command.check(size) if check else command.run(size=size, reset=reset, port=port))


@main.group("db")
def db() -> None:
    """The embedded database."""


@db.command("stop")
def db_stop() -> None:
    """Stop the embedded PostgreSQL of this folder, if it runs."""
    _stop_database()


def _stop_database() -> None:
    from auscult.config import local

    if not os.environ.get("DATABASE_URL"):
        local.embedded_postgres().stop()


if __name__ == "__main__":
    main()
