"""A small world for tests of access: one object of every kind, and everybody who stands in some relation to it.

Everything is built through actions, in the order of an opinion's life.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from PIL import Image

from auscult.community.actions import moderation
from auscult.community.actions.cases import publish_case
from auscult.community.actions.comments import add_comment
from auscult.community.actions.connections import state_connection
from auscult.community.actions.drafts import save_draft
from auscult.community.actions.notifying import unsubscribe_token as community_token
from auscult.community.actions.pictures import add_picture
from auscult.community.models import Connection, Notification
from auscult.members.actions import evidence, privacy
from auscult.members.models import Account, Member
from auscult.members.queries.standing import get_standing
from auscult.members.rules import Via
from auscult.organisations.actions import declare_affiliation
from auscult.organisations.models import Organisation
from auscult.partnerships.models import Grant, Occurrence
from auscult.publishing.models import RecordEntry
from auscult.publishing.tasks import append_record
from auscult.registry.models import RegisterRecord
from auscult.shared.standing import Level, Standing
from auscult.statistics.representativeness import Instrument
from auscult.surveys.actions import fieldwork, honoraria
from auscult.surveys.actions.answering import cast_ballot
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.actions.drafting import draft_survey, edit_plan
from auscult.surveys.actions.fieldwork import unsubscribe_token as survey_token
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.models import Invitation, Survey
from auscult.surveys.questionnaire.document import Kind, Question
from auscult.surveys.rules import BallotMode, poll
from auscult.voice.actions.appeals import AddresseeDraft, amend_appeal, close_appeal, sign_appeal
from auscult.voice.actions.deliveries import deliver_appeal
from auscult.voice.actions.issues import add_step, open_issue
from auscult.voice.actions.mandates import state_mandate
from auscult.voice.actions.positions import state_position
from auscult.voice.models import Addressee, Delivery, IssueStep
from auscult.voice.rules import Stance, StepKind
from tests import factories
from tests.members.conftest import claim_it, verify

TOPIC = "health-reform"
STRATA = [
    {"specialty_group": group, "state": state, "sex": sex}
    for group in ("WG01", "WG17")
    for state in ("NY", "CA")
    for sex in "FM"
]
PLAN = {"aims": "To know.", "stopping": "On the day.", "analysis": "Shares."}
#: Everybody, in the order of columns; what each is to the objects stands in ``build_world``.
PEOPLE = (
    "reader", "newcomer", "claimant", "member", "voter", "author", "suspended",
    "verifier", "researcher", "editor", "moderator", "arbiter", "operator", "custodian",
    "party", "client", "outsider",
)  # fmt: skip


@dataclass
class World:
    """Who is there, and the numbers of the objects as addresses name them."""

    now: datetime
    standings: dict[str, Standing] = field(default_factory=dict)
    #: ``"posting"`` → what addresses call it, for example ``{"posting_id": 7}``.
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: What forms name: numbers and hashes, as text.
    values: dict[str, str] = field(default_factory=dict)

    def account(self, who: str) -> Account:
        """The account of one of ``PEOPLE``."""
        return Account.objects.get(member=self.standings[who].member_id)


def build_world(now: datetime) -> World:
    """Build it; the small register must be loaded."""
    world = World(now)
    past = now - timedelta(days=40)
    _gather_people(world, past)
    _talk(world, past)
    _measure(world, past)
    _publish(world, past)
    _ask(world, past)
    _promise(world, past)
    return world


def _gather_people(world: World, past: datetime) -> None:
    """People of every role; the author is verified through the register, the claimant has a claim with all evidence open."""
    people, now = world.standings, world.now
    for role in ("verifier", "researcher", "editor", "moderator", "arbiter", "operator", "custodian"):
        people[role] = factories.make_member(now, level=Level.L0, roles=(role,))
    people["newcomer"] = factories.make_member(now, level=Level.L0)
    people["member"], people["voter"] = factories.make_members(2, now)
    people["suspended"] = factories.make_member(
        now, suspended_at=now - timedelta(days=1), suspended_for=Member.Suspension.REGISTER
    )
    world.standings["others"] = factories.make_member(now, level=Level.L0, roles=("verifier", "custodian", "moderator"))
    records = RegisterRecord.objects.exclude(licences=[]).exclude(phone="").order_by("number")[:2]

    account = factories.make_account("author@example.org")
    claim = claim_it(get_standing(account.pk, now), records[0], now)
    verify(get_standing(account.pk, now), people["others"], claim, now)
    Member.objects.filter(account=account).update(handle="first-author", verified_at=past)
    people["author"] = get_standing(account.pk, now)
    world.values["voter_handle"] = people["voter"].handle or ""
    unmasking = {"handle": "first-author", "reason": "A court has ordered the author to be heard as a witness."}
    approved = privacy.ask_unmasking(standing=people["custodian"], now=now, **unmasking)
    privacy.decide_unmasking(standing=people["others"], now=now, unmasking_id=approved.pk, approved=True)
    world.objects["approved unmasking"] = {"unmasking_id": approved.pk}
    asked = privacy.ask_unmasking(standing=people["others"], now=now, **unmasking)
    world.objects["unmasking"] = {"unmasking_id": asked.pk}

    account = factories.make_account("claimant@example.org")
    claim = claim_it(get_standing(account.pk, now), records[1], now)
    people["claimant"] = get_standing(account.pk, now)
    evidence.ask_code(standing=people["claimant"], now=now, via=Via.TELEPHONE)
    evidence.offer_document(standing=people["claimant"], now=now, data=b"%PDF-1.7 a diploma")
    world.objects["claim"] = {"claim_id": claim.pk}
    world.objects["code sheet"] = {"claim_id": claim.pk, "kind": "call_back"}

    for who, slug in (("party", "us"), ("client", "society"), ("outsider", "college")):
        kind = "operator of this place" if who == "party" else "association"
        _, people[who] = factories.make_organisation(slug, f"The {slug}", past, kind=kind)
    world.objects["organisation"] = {"slug": "society"}
    declare_affiliation(standing=people["voter"], now=now, slug="society")


def _talk(world: World, past: datetime) -> None:
    """The author's posting with a poll, comments, drafts, a case with a picture; decisions, one of them appealed."""
    people, now, found = world.standings, world.now, world.objects
    author = people["author"]
    posting = factories.make_posting(author, now, polled=True)
    world.values["posting"] = str(posting.pk)
    found["topic"] = {"topic": TOPIC}
    found["posting"] = {"posting_id": posting.pk}
    found["followed posting"] = {"posting_id": posting.pk, "verb": "follow"}
    found["poll"] = {"public_id": posting.survey.public_id}
    found["run poll"] = {"survey_id": posting.survey_id}
    cast_ballot(standing=people["voter"], now=now, survey_id=posting.survey_id, answers={"q1": "a"})
    add_comment(standing=author, now=now, posting_id=posting.pk, body="A comment of the author.")
    found["comment"] = {"posting_id": posting.pk, "number": 1}
    found["colleague"] = {"handle": "first-author"}

    def draft(kind: str, **fields: str) -> int:
        return save_draft(
            standing=author, now=now, draft_id=None, kind=kind, posting_id=None, parent=0,
            fields={"title": "A draft", "body": "Nobody is named here.", "topic": TOPIC} | fields,
        )  # fmt: skip

    found["draft"] = {"draft_id": draft("posting")}
    found["own data"] = {"kind": "json"}
    solved = publish_case(
        standing=author, now=now, draft_id=draft("case", title="A solved case", case_state="unsolved")
    )
    found["case"] = {"posting_id": solved.pk}
    case = draft("case", title="Another case", case_state="unsolved", body="Mrs. Eleanor Vance came in with a cough.")
    found["case draft"] = {"draft_id": case}
    pixels = io.BytesIO()
    Image.new("L", (64, 48), 90).save(pixels, "PNG")
    picture = add_picture(standing=author, now=now, draft_id=case, data=pixels.getvalue(), description="Grey.")
    found["picture"] = {"public_id": picture.public_id}
    state_connection(
        standing=author, now=now, kind="paid", party="A maker", product_class="Statins", topics=[TOPIC],
        began_on=past.date(), ended_on=None,
    )  # fmt: skip
    found["connection"] = {"connection_id": Connection.objects.get().pk}

    decisions = []
    for who in ("others", "moderator"):
        other = factories.make_posting(author, past, title=f"For {who}")
        moderation.begin_staff_session(standing=people[who], now=now, reason="Going through the reports of today")
        decisions.append(
            moderation.take_measure(
                standing=people[who],
                now=now,
                posting_id=other.pk,
                number=None,
                measure="remove",
                rule="respect",
                passage="Words",
                reason="The passage names a person.",
            )
        )
    found["appealed decision"], found["decision"] = ({"decision_id": each.pk} for each in decisions)
    moderation.appeal_decision(standing=author, now=now, decision_id=decisions[0].pk, text="It names nobody at all.")
    found["notification"] = {"notification_id": Notification.objects.filter(member_id=author.member_id).latest("pk").pk}
    found["community token"] = {"token": community_token(author.member_id)}
    found["survey token"] = {"token": survey_token(author.member_id)}


def _measure(world: World, past: datetime) -> None:
    """The author's draft; a sample survey in the field, with the voter in it, and one that has closed, with its honoraria."""
    people, now, found = world.standings, world.now, world.objects
    question = factories.QUESTION
    draft = draft_survey(
        standing=people["author"], now=now, questionnaire=poll("A draft", [question]), instrument=Instrument.COMMUNITY_POLL,
        closes_at=now + timedelta(days=3),
    )  # fmt: skip
    found["draft survey"] = {"survey_id": draft.pk}
    factories.make_members(40, past, spread=STRATA)
    questions = [question, Question("words", Kind.TEXT, "Anything else?")]
    found["fielded survey"] = {"survey_id": _field(world, now, questions).pk}
    paused = _field(world, now, questions)
    fieldwork.pause_survey(standing=people["researcher"], now=now, survey_id=paused.pk, reason="A question is unclear.")
    found["paused survey"] = {"survey_id": paused.pk}
    closed = _field(world, past, questions)
    for member_id in Invitation.objects.filter(survey=closed).order_by("member_id").values_list("member_id", flat=True):
        standing = get_standing(Member.objects.get(pk=member_id).account_id, past)
        answers = {"q1": "ab"[member_id % 3 == 0], "words": "A few words."}
        cast_ballot(standing=standing, now=past, survey_id=closed.pk, answers=answers)
    close_survey(standing=people["researcher"], now=closed.closes_at, survey_id=closed.pk)
    honoraria.earn_honoraria(standing=people["researcher"], now=closed.closes_at, survey_id=closed.pk)
    found["closed survey"] = {"survey_id": closed.pk}
    found["export"] = {"survey_id": closed.pk, "kind": "csv"}
    append_record(
        kind="survey.frozen", content={"freeze": closed.freeze_hash, "title": closed.title}, at=now.isoformat()
    )
    world.values |= {"closed_survey": str(closed.pk), "respondent": str(member_id)}


def _field(world: World, at: datetime, questions: list[Question]) -> Survey:
    researcher, closes_at = world.standings["researcher"], at + timedelta(days=10)
    survey = draft_survey(
        standing=researcher, now=at, questionnaire=poll("A sample", questions), instrument=Instrument.SAMPLE_SURVEY,
        closes_at=closes_at,
    )  # fmt: skip
    edit_plan(
        standing=researcher, now=at, survey_id=survey.pk, instrument=Instrument.SAMPLE_SURVEY, mode=BallotMode.DETACHED,
        closes_at=closes_at, plan=PLAN, sample_design={"by": ["specialty"], "allocation": "proportional", "size": 40},
        honorarium={"currency": "USD", "complete_cents": 4000, "screened_out_cents": 500, "due_days": 30},
    )  # fmt: skip
    return open_survey(standing=researcher, now=at, survey_id=survey.pk)


def _publish(world: World, past: datetime) -> None:
    """A result on record, and a closed poll that waits for its release."""
    people, found = world.standings, world.objects
    voters = factories.make_members(20, past, spread=STRATA)
    release = factories.make_release(voters[0], people["editor"], past, voters)
    found["release"] = {"number": release.number}
    world.values |= {"release": str(release.number), "society": str(Organisation.objects.get(slug="society").pk)}
    found["released poll"] = {"public_id": Survey.objects.get(pk=release.survey_id).public_id}
    found["entry"] = {"index": RecordEntry.objects.aggregate(Max("index"))["index__max"]}


def _ask(world: World, past: datetime) -> None:
    """A mandate, a position, an issue; letters in draft, in review, open in two versions, delivered to the society."""
    people, now, found = world.standings, world.now, world.objects
    author, moderator = people["author"], people["moderator"]
    state_mandate(standing=people["voter"], now=now, topic=TOPIC, organisation="society", stance=Stance.SPEAKS)
    position = state_position(
        standing=people["client"], now=now, organisation="society", topic=TOPIC, title="For the bill", text="We are for it.",
        source="A letter", stated_on=past.date(),
    )  # fmt: skip
    found["position"] = {"position_id": position.pk}
    signers = [people["voter"], *factories.make_members(4, now)]
    addressees = [AddresseeDraft("The society", "letter", "society"), AddresseeDraft("A committee", "letter")]
    found["draft letter"] = {"appeal_id": factories.draft_letter(author, now, title="A draft letter").pk}
    waiting = factories.draft_letter(author, now, title="A letter to moderate")
    for signer in signers:
        sign_appeal(standing=signer, now=now, appeal_id=waiting.pk, sha256=waiting.versions.get().sha256)
    found["letter in review"] = {"appeal_id": waiting.pk}
    letter = factories.open_letter(author, moderator, now, signers, addressees=addressees)
    amend_appeal(
        standing=author, now=now, appeal_id=letter.pk, preamble="Because.", clauses=["Else.", "Two.", "Three."], why="Sharper."
    )  # fmt: skip
    found["letter"] = {"appeal_id": letter.pk}
    world.values |= {"letter": str(letter.pk), "letter_text": letter.versions.get(number=1).sha256}
    closed = factories.open_letter(author, moderator, now, signers, title="A closed letter", addressees=addressees)
    close_appeal(standing=author, now=now, appeal_id=closed.pk)
    to_society, to_committee = Addressee.objects.filter(appeal=closed).order_by("pk")
    deliver_appeal(standing=author, now=now, addressee_id=to_society.pk, version=1, proof="Receipt 7")
    found["closed letter"] = {"appeal_id": closed.pk}
    found["changes"] = {"appeal_id": letter.pk, "old": 1, "new": 2}
    found["addressee"] = {"addressee_id": to_committee.pk}
    found["delivery"] = {"delivery_id": Delivery.objects.get().pk}
    issue = open_issue(standing=author, now=now, title="One matter", topic=TOPIC, summary="Words.")
    add_step(standing=author, now=now, issue_id=issue.pk, kind=StepKind.APPEAL, number=letter.pk)
    found["issue"] = {"issue_id": issue.pk}
    world.values["step"] = str(IssueStep.objects.filter(issue=issue).latest("pk").pk)


def _promise(world: World, past: datetime) -> None:
    """An agreement of us and the society in force, with a grant to the society; another that is proposed."""
    people, found = world.standings, world.objects
    parties = ("us", "society")
    agreement = factories.make_agreement(people["party"], past, parties, people["client"])
    found["agreement"] = {"agreement_id": agreement.pk}
    found["proposal"] = {"agreement_id": factories.make_agreement(people["party"], world.now, parties).pk}
    occurrence = Occurrence.objects.filter(obligation__agreement=agreement).order_by("due_on").first()
    found["occurrence"] = {"occurrence_id": occurrence.pk}
    found["grant"] = {"grant_id": Grant.objects.get(agreement=agreement).pk}
