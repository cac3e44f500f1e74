"""Jobs of the members' room."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from auscult.members import casework
from auscult.members.actions.evidence import purge_documents
from auscult.members.actions.life import close_abandoned, end_disputes, notify_lapses, suspend_due
from auscult.members.actions.loads import apply_load
from auscult.members.actions.privacy import notify_unmaskings
from auscult.members.models import Claim
from auscult.members.rules import Flag
from auscult.registry.actions import check_freshness, forget_freshness
from auscult.registry.sources.npi_api import Freshness
from auscult.shared import clock
from auscult.shared.limits import forget_ended
from auscult.shared.standing import CONSOLE


@app.task(
    name="members.apply_load",
    retry=RetryStrategy(max_attempts=5, exponential_wait=30),
)
def apply_register_load(*, load_id: int) -> None:
    """Carry a load of the register to the members whose records it changed."""
    apply_load(standing=CONSOLE, now=clock.now(), load_id=load_id)


@app.periodic(cron="11 * * * *")
@app.task(name="members.run_due", queueing_lock="members.run_due", pass_context=False)
def run_due(timestamp: int) -> None:
    """What is due: suspensions, lapses, ends of disputes, deleted documents, delayed notices. Each runs twice harmlessly."""
    now = clock.now()
    failed: list[Exception] = []
    for step in (
        suspend_due, notify_lapses, end_disputes, purge_documents, close_abandoned, notify_unmaskings
    ):  # fmt: skip
        try:
            step(standing=CONSOLE, now=now)
        except Exception as error:  # noqa: BLE001 - the others are due all the same; it is raised at the end
            failed.append(error)
    forget_ended(now)
    forget_freshness(now)
    if failed:
        raise ExceptionGroup("Some of what was due failed; the next hour tries again.", failed)


@app.task(name="members.check_freshness", retry=RetryStrategy(max_attempts=3, exponential_wait=60))
def check_claim(*, claim_id: int) -> None:
    """Ask the register's own service about a claimed record, where the instance asks it at all."""
    from django.conf import settings

    claim = Claim.objects.filter(pk=claim_id).first()
    if claim is None or not settings.NPI_API:
        return
    number = casework.read_identity(claim).get("number", "")
    outcome = check_freshness(register=settings.REGISTER, number=number, now=clock.now())
    if (
        outcome in {Freshness.DEACTIVATED, Freshness.ANOTHER_NAME, Freshness.NOT_FOUND}
        and Flag.NOT_FRESH not in claim.flags
    ):
        Claim.objects.filter(pk=claim_id).update(flags=[*claim.flags, Flag.NOT_FRESH.value])
