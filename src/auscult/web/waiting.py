"""What waits for whoever asks: the work of representatives, moderators and arbiters, and one's own drafts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from auscult.members.queries.verifiers import count_unmaskings_to_decide, count_waiting
from auscult.organisations.queries import list_badges
from auscult.organisations.rules import Power
from auscult.partnerships.queries.agreements import get_agreement_page, list_agreements
from auscult.partnerships.rules import AgreementState, StepKind
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.voice.models import Appeal, AppealVersion, Delivery
from auscult.voice.rules import AppealState


@dataclass(frozen=True)
class Task:
    """One thing that waits: what, and where."""

    words: str
    address: str


def list_tasks(standing: Standing, now: datetime) -> list[Task]:
    """What waits for whoever asks; empty for most."""
    found = []
    if standing.member_id is not None:
        drafts = Appeal.objects.filter(
            author_id=standing.member_id, state__in=[AppealState.DRAFT, AppealState.REVIEW, AppealState.OPEN]
        )
        for pk, title, state in drafts.values_list("pk", "title", "state"):
            found.append(
                Task(f"My appeal “{title}” is {_APPEAL[AppealState(state)]}", reverse("voice:appeal-read", args=[pk]))
            )
    if standing.can(Permission.APPEAL_MODERATE):
        waiting = AppealVersion.objects.filter(
            state=AppealVersion.State.WRITTEN, appeal__state__in=[AppealState.REVIEW, AppealState.OPEN]
        )
        for pk, title in waiting.values_list("appeal_id", "appeal__title"):
            found.append(Task(f"Decide on “{title}”", reverse("voice:appeal-read", args=[pk])))
    to_decide, to_send = count_waiting(standing)
    if to_decide:
        found.append(Task(f"Decide {to_decide} case{'s' if to_decide > 1 else ''}", reverse("members:queue-read")))
    if to_send:
        words = f"Send {to_send} code{'s' if to_send > 1 else ''} to registered practices"
        found.append(Task(words, reverse("members:queue-read") + "#send"))
    unmaskings = count_unmaskings_to_decide(standing)
    if unmaskings:
        found.append(Task("Say whether a handle is unmasked", reverse("members:unmaskings-read")))
    answering = [badge.organisation_id for badge in list_badges(standing, Power.ANSWER)]
    if answering:
        asked = Delivery.objects.filter(addressee__organisation_id__in=answering, answered_at=None)
        for pk, title in asked.values_list("addressee__appeal_id", "addressee__appeal__title"):
            found.append(Task(f"Answer “{title}”", reverse("voice:appeal-read", args=[pk]) + "#addressees"))
    found += _agreement_tasks(standing, now)
    return found


_APPEAL = {
    AppealState.DRAFT: "a draft that needs co-signers",
    AppealState.REVIEW: "with a moderator",
    AppealState.OPEN: "open for signature",
}


_STEPS = {
    StepKind.CONFIRM: "Confirm delivery, or do not",
    StepKind.ANSWER: "Answer the allegation",
    StepKind.BREACH: "Rule on the allegation",
}


def _agreement_tasks(standing: Standing, now: datetime) -> list[Task]:
    """Proposals to ratify, deliveries to confirm, allegations to answer or to rule on."""
    acts_for = {badge.organisation_id for badge in list_badges(standing, Power.AGREEMENT)}
    rules = standing.can(Permission.RULING_MAKE)
    if not acts_for and not rules:
        return []
    found = []
    for line in list_agreements(now, limit=20):
        if not rules and acts_for.isdisjoint(line.parties):
            continue
        page = get_agreement_page(standing, line.agreement_id, now)
        address = reverse("partnerships:agreement-read", args=[line.agreement_id])
        if page.may_ratify:
            found.append(Task(f"Ratify or decline “{line.title}”", address))
        if line.state == AgreementState.PROPOSED:
            continue
        for column in page.columns:
            for obligation in column.obligations:
                for box in obligation.occurrences:
                    waits = [_STEPS[kind] for kind, _ in box.open_steps if kind in _STEPS]
                    if waits:
                        found.append(
                            Task(f"{waits[0]}: {obligation.words}", f"{address}#occurrence-{box.occurrence_id}")
                        )
    return found
