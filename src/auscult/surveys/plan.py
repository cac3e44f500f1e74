"""What a survey promises before it opens, besides its questions: the plan in words, and the honorarium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: Fields of the pre-registration: code → (title, what is written there).
PLAN_FIELDS = {
    "aims": ("Aims and hypotheses", "What you want to know, and what you expect."),
    "sample": ("Sample", "Who is asked, how many, and why so many."),
    "stopping": ("Stopping", "When the survey closes, and what would make you extend it."),
    "exclusions": (
        "Exclusions",
        "Which ballots are left out of the count, besides the rules set in the questionnaire.",
    ),
    "analysis": ("Planned analysis", "Which questions are primary, which groups are compared, by which test."),
    "publication": ("Publication", "What is published, when, and who sees it first."),
}
#: Fields without which a survey with invitations does not open.
REQUIRED_OF_INVITED = ("aims", "stopping", "analysis")
LONGEST_FIELD = 5000
#: Largest honorarium: a guard against a slip of the keyboard, 10,000 of the currency.
MOST_CENTS = 1_000_000


class FaultyPlan(ValueError):
    """The plan will not do; the text says what to do."""


@dataclass(frozen=True)
class Honorarium:
    """What is paid.

    Attributes:
        currency: ISO 4217 code.
        complete_cents: for a complete answer.
        screened_out_cents: for one who was screened out or found the quota full.
        due_days: days from the close to the payment.
    """

    currency: str
    complete_cents: int
    screened_out_cents: int = 0
    due_days: int = 30

    def as_json(self) -> dict[str, Any]:
        """As it stands in a freeze."""
        return asdict(self)

    def amount(self, *, complete: bool) -> int:
        """Cents for an outcome."""
        return self.complete_cents if complete else self.screened_out_cents


def read_honorarium(value: Mapping[str, Any]) -> Honorarium:
    """Check an honorarium.

    Raises:
        FaultyPlan: not three letters, a negative or huge amount, a due date out of 1 to 365 days.
    """
    currency = str(value.get("currency", "")).upper()
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise FaultyPlan("The currency is a code of three letters, for example USD.")
    complete, screened, due = (
        int(value.get("complete_cents", 0)),
        int(value.get("screened_out_cents", 0)),
        int(value.get("due_days", 30)),
    )
    if not 0 < complete <= MOST_CENTS or not 0 <= screened <= complete:
        raise FaultyPlan(
            "An honorarium is above zero and at most 10,000; who is screened out gets at most what a complete answer gets."
        )
    if not 1 <= due <= 365:
        raise FaultyPlan("It is due within 1 to 365 days after the close.")
    return Honorarium(currency, complete, screened, due)


def read_plan(value: Mapping[str, str]) -> dict[str, str]:
    """Check a pre-registration in words; empty fields are left out.

    Raises:
        FaultyPlan: a field that is not known or too long.
    """
    unknown = set(value) - set(PLAN_FIELDS)
    if unknown:
        raise FaultyPlan(f"A plan has no field “{min(unknown)}”.")
    for code, text in value.items():
        if len(text) > LONGEST_FIELD:
            raise FaultyPlan(f"“{PLAN_FIELDS[code][0]}” has at most {LONGEST_FIELD:,} characters.")
    return {code: text.strip() for code, text in value.items() if text.strip()}
