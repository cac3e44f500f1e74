"""Connection labels: what ties an author to those who gain or lose by what is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class ConnectionKind(StrEnum):
    """What kind of tie."""

    EMPLOYEE = "employee"
    PAID = "paid"
    OWNER = "owner"
    OFFICE = "office"


CONNECTION_WORDS = {
    ConnectionKind.EMPLOYEE: "Employed by it",
    ConnectionKind.PAID: "Paid by it (speaking, advice, research, travel)",
    ConnectionKind.OWNER: "Owns a part of it",
    ConnectionKind.OFFICE: "Holds an office in it",
}
#: Months for which a tie that ended is still shown (Open Payments and most journals look back two or three years).
SHOWN_MONTHS = 24


@dataclass(frozen=True)
class Tie:
    """One stated connection, as far as its label needs it."""

    kind: ConnectionKind
    party: str
    product_class: str
    began_on: date
    ended_on: date | None


def is_shown(tie: Tie, on: date) -> bool:
    """Whether a tie is shown on words of a day: it has begun, and has not ended 24 months before."""
    if tie.began_on > on:
        return False
    if tie.ended_on is None:
        return True
    months = (on.year - tie.ended_on.year) * 12 + on.month - tie.ended_on.month
    return months < SHOWN_MONTHS or (months == SHOWN_MONTHS and on.day <= tie.ended_on.day)


def label(tie: Tie) -> str:
    """The words of the label, for example «paid by Acme Pharma on statins in the last 24 months»."""
    past = tie.ended_on is not None
    match tie.kind:
        case ConnectionKind.EMPLOYEE:
            return f"{'employee of' if not past else 'employed in the last 24 months by'} {tie.party}"
        case ConnectionKind.PAID:
            on = f" on {tie.product_class}" if tie.product_class else ""
            return f"paid by {tie.party}{on} in the last 24 months"
        case ConnectionKind.OWNER:
            return f"{'owns a part of' if not past else 'owned in the last 24 months a part of'} {tie.party}"
        case ConnectionKind.OFFICE:
            return f"{'holds' if not past else 'held in the last 24 months'} an office in {tie.party}"
