"""One line of a verdict, and how a check fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auscult.statistics.errors import CannotEstimate

TRUE, FALSE, NOT_CHECKED = "ok", "FALSE", "not checked"


@dataclass(frozen=True)
class Check:
    """One line of the verdict: what was checked, how it went, and the figure or the reason."""

    what: str
    verdict: str
    detail: str


class Falsehood(Exception):
    """A claim is not true; the text says which."""


def require(condition: bool, otherwise: str) -> None:
    """Say that a claim is false unless the condition holds.

    Raises:
        Falsehood: with the text ``otherwise``.
    """
    if not condition:
        raise Falsehood(otherwise)


def run(what: str, step: Callable[[], str]) -> Check:
    """Do one check; what contradicts its own format is false, not a failure of the verifier."""
    try:
        return Check(what, TRUE, step())
    except Falsehood as error:
        return Check(what, FALSE, str(error))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, StopIteration, CannotEstimate) as error:
        return Check(what, FALSE, f"the file contradicts its format: {error!r}")
