"""Pure decisions about surveys and ballots."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from auscult.evidence.ballots import NONCE_LENGTH, is_nonce
from auscult.statistics.rates import OutcomeRates
from auscult.statistics.representativeness import Instrument
from auscult.statistics.suppression import MINIMUM_CELL
from auscult.surveys.questionnaire.document import Choice, Kind, Question, Questionnaire, Section, questionnaire_as_json
from auscult.surveys.questionnaire.items import Item, items_of
from auscult.surveys.sampling import Disposition

#: Live figures change when the ballots of this many members differ from the figures shown, so that nobody's ballot can be
#: read off by subtraction (ADR 5).
LIVE_STEP = 10
#: Changes and withdrawals of one ballot per day (UTC). Enough for a change of mind; too few to probe live figures.
MAX_BALLOT_CHANGES_PER_DAY = 5
#: Fewest respondents for a weighted result: below 30 the NCHS presentation rule (Parker et al. 2017) calls a
#: proportion unreliable.
FEWEST_FOR_WEIGHTS = 30
#: Invitations a member gets in 30 days at most, if the member says nothing else.
MOST_INVITATIONS_A_MONTH = 4
#: Reminders after an invitation, and the days between two mails.
MOST_REMINDERS, DAYS_BETWEEN_MAILS = 2, 3
#: How long the link of a linked-confidential survey is kept after close.
LINK_KEPT_DAYS = 180
#: Choices of a poll under a posting.
MOST_CHOICES = 12
MEMBER_WORDS = "verified members"
ELIGIBILITY = "members verified at level L2 or higher whose verification is valid when they answer"
SAMPLED_ELIGIBILITY = ELIGIBILITY + ", and who were drawn into the sample"

INSTRUMENT_WORDS = {
    Instrument.STRAW_POLL: "Straw poll",
    Instrument.COMMUNITY_POLL: "Community poll",
    Instrument.SAMPLE_SURVEY: "Sample survey",
    Instrument.ATTEMPTED_CENSUS: "Attempted census",
}
INSTRUMENT_MEANING = {
    Instrument.STRAW_POLL: "whoever passes by answers; speaks of nobody else",
    Instrument.COMMUNITY_POLL: "open to every verified member; participants chose to take part",
    Instrument.SAMPLE_SURVEY: "a probability sample drawn from the frame was invited",
    Instrument.ATTEMPTED_CENSUS: "every member of the frame was asked",
}
#: Instruments with an invitation list.
INVITED = (Instrument.SAMPLE_SURVEY, Instrument.ATTEMPTED_CENSUS)


class BallotMode(StrEnum):
    """How a ballot is kept. The unlinkable mode of trust.md (blind-signed tokens) has its place here, and comes later."""

    DETACHED = "detached"
    LINKED = "linked"


BALLOT_MODE_WORDS = {BallotMode.DETACHED: "Detached", BallotMode.LINKED: "Linked-confidential"}
BALLOT_SENTENCE = {
    BallotMode.DETACHED: (
        "Your name is not on your ballot. While the poll is open you can change it; at close the key that finds it is "
        "destroyed, and only what was answered in which broad group of physicians remains. Where few answer, you may be "
        "the only one of your group."
    ),
    BallotMode.LINKED: (
        "Your answers stay linked to your membership in a table that only this survey's processes read, until {until}; "
        "then the link is destroyed. No person here sees them beside your handle or your name, and nobody gets your "
        "answers as a row. You can change or withdraw them until the close."
    ),
}


class SurveyState(StrEnum):
    """Where a survey stands."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a member's part in a survey ended."""

    COMPLETE = "complete"
    SCREENED_OUT = "screened_out"
    QUOTA_FULL = "quota_full"


class InvitationState(StrEnum):
    """Where an invitation stands; that it was answered is not kept here but in the turnout."""

    WAITING = "waiting"
    SENT = "sent"
    HELD = "held"
    DECLINED = "declined"
    UNDELIVERABLE = "undeliverable"


class FieldworkEventKind(StrEnum):
    """What is noted after opening."""

    DEVIATION = "deviation"
    EXTENSION = "extension"
    PAUSE = "pause"
    RESUMPTION = "resumption"


class HonorariumStep(StrEnum):
    """What happens to an honorarium."""

    OFFER = "offer"
    EARN = "earn"
    APPROVE = "approve"
    REFUSE = "refuse"
    PAY = "pay"
    LAPSE = "lapse"


class HonorariumAccount(StrEnum):
    """Accounts of the honoraria's book. An amount moves from one to the next; what is in BUDGET is owed to nobody."""

    BUDGET = "budget"
    OFFERED = "offered"
    EARNED = "earned"
    APPROVED = "approved"
    PAID = "paid"


def single_choice(code: str, wording: str, choices: Sequence[Choice]) -> Question:
    """One single-choice question."""
    return Question(code, Kind.SINGLE, wording.strip(), choices=tuple(Choice(c.code, c.label.strip()) for c in choices))


def poll(title: str, questions: Sequence[Question]) -> Questionnaire:
    """A questionnaire of one page, as under a posting."""
    return Questionnaire(title.strip(), (Section("s1", "", "", tuple(questions)),))


def locator(key: bytes, member_id: int) -> bytes:
    """By what the ballot of a member is found again while the survey's key exists: HMAC-SHA-256, 32 bytes."""
    return hmac.digest(key, str(member_id).encode(), "sha256")


#: The digest of a ballot that is not there.
NO_BALLOT = b""


def ballot_digest(key: bytes, stratum: str, answers: Mapping[str, Any]) -> bytes:
    """Digest of everything a ballot adds to the figures; tells whether two states of a ballot are the same.

    Args:
        key: the survey's key, so that nobody without it can try answers.
        stratum: the stratum it is counted in, or the outcome of a member who ended without a ballot.
        answers: question → answer.

    Returns:
        16 bytes of HMAC-SHA-256.
    """
    state = json.dumps([stratum, answers], sort_keys=True, separators=(",", ":"))
    return hmac.digest(key, f"state:{state}".encode(), "sha256")[:16]


#: Longest time of one page that counts as answering; a page left open over lunch does not.
MAX_PAGE_SECONDS = 600


def counted_seconds(seconds: int) -> int:
    """Seconds of one page that count as answering."""
    return min(max(seconds, 0), MAX_PAGE_SECONDS)


def coarse_seconds(seconds: int, saved: int = 0) -> int:
    """Time that is kept with a ballot, in tens of seconds: enough to see a speeder, too coarse to identify a visit.

    Args:
        seconds: spent on the last page.
        saved: spent on pages saved before, which include the last one; 0 where nothing was saved.
    """
    return round((saved or counted_seconds(seconds)) / 10) * 10


def order_seed(key: bytes, member_id: int) -> int:
    """From what the random order of a respondent's questions and choices follows, as long as the survey's key exists."""
    return int.from_bytes(hmac.digest(key, f"order:{member_id}".encode(), "sha256")[:6])


def make_nonce(from_browser: str, fresh: str) -> str:
    """Nonce of one leaf: half from the voter's browser, half made here.

    The voter's half keeps the server from giving two voters the same leaf; ours keeps two voters from making the same
    leaf, which would be counted once.

    Args:
        from_browser: 16 hexadecimal digits, or anything else where the browser made none.
        fresh: 32 random hexadecimal digits.
    """
    return from_browser + fresh[NONCE_HALF:] if is_half_nonce(from_browser) else fresh


NONCE_HALF = NONCE_LENGTH // 2


def is_half_nonce(text: str) -> bool:
    """Whether the text is a browser's half: 16 lower-case hexadecimal digits."""
    return len(text) == NONCE_HALF and is_nonce(text + "0" * NONCE_HALF)


def halves_of(seed: str, items: Sequence[Item]) -> dict[str, str]:
    """Halves of nonces from one seed that the voter's browser made: the first 16 digits of SHA-256 of ``seed:item``.

    Returns:
        Item → half; empty where there is no proper seed.
    """
    if not is_half_nonce(seed):
        return {}
    return {item.code: hashlib.sha256(f"{seed}:{item.code}".encode()).hexdigest()[:NONCE_HALF] for item in items}


def keep_or_make_nonces(
    old_items: Mapping[str, str],
    old_nonces: Mapping[str, str],
    items: Mapping[str, str],
    halves: Mapping[str, str],
    fresh: Mapping[str, str],
) -> dict[str, str]:
    """Nonces of a ballot; an answer sent again by the same form keeps its leaf, so the receipt stays true.

    Args:
        items: item → choice.
        halves: item → half of a nonce; that of the whole question serves where its parts have none.
    """
    nonces = {}
    for item, choice in items.items():
        half, old = halves.get(item, ""), old_nonces.get(item, "")
        same = old_items.get(item) == choice and (not half or old.startswith(half))
        nonces[item] = old if same else make_nonce(half, fresh[item])
    return nonces


def freeze_document(
    *,
    questionnaire: Questionnaire,
    instrument: Instrument,
    mode: BallotMode,
    plan: Mapping[str, Any],
    sample: Mapping[str, Any] | None,
    honorarium: Mapping[str, Any] | None,
    opens_at: datetime,
    closes_at: datetime,
    eligible: int,
    universe: Mapping[str, Any],
    frame: Mapping[str, Any],
    variables: Sequence[str],
    compared_with: str | None,
) -> dict[str, Any]:
    """Everything that may not change after opening, as JSON; its digest goes into the record.

    Args:
        plan: the pre-registration in words.
        sample: design, allocation, seed and root of the list of a sample, or None.
        honorarium: what is paid for what, or None.
        compared_with: organisation whose members' ballots are counted beside those of others, or None.
    """
    return {
        "format": "auscult-freeze/2",
        "title": questionnaire.title,
        "instrument": instrument.value,
        "ballot_mode": mode.value,
        "questionnaire": questionnaire_as_json(questionnaire),
        # What is counted: the questionnaire taken apart into single-choice measures.
        "questions": [item_as_json(item) for item in items_of(questionnaire)],
        "plan": dict(plan),
        "sample": dict(sample) if sample else None,
        "honorarium": dict(honorarium) if honorarium else None,
        "eligibility": SAMPLED_ELIGIBILITY if sample else ELIGIBILITY,
        "eligible_at_freeze": eligible,
        "opens_at": opens_at.isoformat(),
        "closes_at": closes_at.isoformat(),
        "live_step": LIVE_STEP,
        "minimum_cell": MINIMUM_CELL,
        "member_words": MEMBER_WORDS,
        "universe": dict(universe),
        "frame": dict(frame),
        "weighting_variables": list(variables),
        "compared_with": compared_with,
    }


def item_as_json(item: Item) -> dict[str, Any]:
    """An item in a freeze, with the question it was taken from."""
    return item.as_json() | {"question": item.question, "kind": item.kind.value, "part": item.part}


def ballot_sentence(mode: BallotMode, compared_with: str | None, *, closes_at: datetime, invited: bool = False) -> str:
    """What a voter is told of the ballot before casting it."""
    said = BALLOT_SENTENCE[mode].format(until=f"{closes_at + timedelta(days=LINK_KEPT_DAYS):%d %B %Y}")
    if compared_with:
        said += (
            f" This poll also keeps whether you state to be a member of {compared_with}, to compare them with others."
        )
    if invited:
        said += " That you were invited, and whether you took part, is kept: reminders and the response rate need it."
    return said


def link_ends_at(closed_at: datetime) -> datetime:
    """When the key of a linked survey is destroyed."""
    return closed_at + timedelta(days=LINK_KEPT_DAYS)


def may_mail(sent_on: Sequence[date], most_a_month: int, today: date) -> bool:
    """Whether a member may get one more invitation: fewer than the maximum in the 30 days before."""
    return sum(today - timedelta(days=30) < day <= today for day in sent_on) < most_a_month


def last_day_before_reminder(today: date) -> date:
    """The last day on which a mail may have been sent to a member who may be reminded today."""
    return today - timedelta(days=DAYS_BETWEEN_MAILS)


@dataclass(frozen=True)
class Receipt:
    """What a voter keeps: the freeze, and for each item the choice and nonce of the leaf."""

    freeze: str
    title: str
    answers: tuple[tuple[str, str, str, str], ...]  # item, choice, nonce, leaf hash
    outcome: Outcome = Outcome.COMPLETE

    def as_json(self) -> dict[str, Any]:
        """What is downloaded and given to ``auscult verify --receipt``."""
        return {
            "format": "auscult-receipt/1",
            "freeze": self.freeze,
            "title": self.title,
            "answers": [
                {"question": question, "choice": choice, "nonce": nonce, "leaf": leaf}
                for question, choice, nonce, leaf in self.answers
            ],
        }


def disposition(state: str, outcome: str | None, *, begun: bool) -> Disposition:
    """How an invitation ended.

    Args:
        state: of the invitation.
        outcome: of the turnout, or None.
        begun: whether answers were saved and never submitted.
    """
    if outcome:
        return {
            Outcome.COMPLETE: Disposition.COMPLETE,
            Outcome.SCREENED_OUT: Disposition.SCREENED_OUT,
            Outcome.QUOTA_FULL: Disposition.QUOTA_FULL,
        }[Outcome(outcome)]
    if state == InvitationState.DECLINED:
        return Disposition.REFUSAL
    if begun:
        return Disposition.BREAK_OFF
    if state == InvitationState.UNDELIVERABLE:
        return Disposition.UNDELIVERABLE
    return Disposition.NO_REPLY if state == InvitationState.SENT else Disposition.NOT_SENT


def dispositions_so_far(
    states: Mapping[str, int], outcomes: Mapping[str, int], *, begun: int
) -> dict[Disposition, int]:
    """What the dispositions would be if an open survey closed now: whoever has not answered counts as no reply."""
    answered = sum(outcomes.values())
    quiet = max(states[InvitationState.SENT] - answered - begun, 0)
    return {
        Disposition.COMPLETE: outcomes[Outcome.COMPLETE],
        Disposition.SCREENED_OUT: outcomes[Outcome.SCREENED_OUT],
        Disposition.QUOTA_FULL: outcomes[Outcome.QUOTA_FULL],
        Disposition.REFUSAL: states[InvitationState.DECLINED],
        Disposition.BREAK_OFF: begun,
        Disposition.UNDELIVERABLE: states[InvitationState.UNDELIVERABLE],
        Disposition.NO_REPLY: quiet,
        Disposition.NOT_SENT: states[InvitationState.WAITING] + states[InvitationState.HELD],
    }


def rates_as_json(rates: OutcomeRates) -> dict[str, float]:
    """AAPOR rates as they are published."""
    return {name: round(value, 4) for name, value in asdict(rates).items()}
