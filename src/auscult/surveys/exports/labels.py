"""Texts made fit for the formats: without control characters, short enough, and harmless in a spreadsheet."""

from __future__ import annotations

import unicodedata
from datetime import date

#: A spreadsheet reads a cell that begins with one of these as a formula (OWASP, “CSV injection”).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(text: str) -> str:
    """A text on one line, without characters that XML or UTF-8 cannot hold."""
    kept = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text if c not in "\ufffe\uffff")
    return " ".join(kept.encode("utf-8", "ignore").decode().split())


def safe_cell(text: str) -> str:
    """A text for a cell of a delimited file: prefixed with an apostrophe where a spreadsheet would calculate it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def shorten(text: str, *, most: int, encoded: bool = False) -> str:
    """A plain text of limited length, ending in “…” where it was cut.

    Args:
        most: characters, or bytes of UTF-8 where ``encoded``.
    """
    text = plain(text)
    if (len(text.encode()) if encoded else len(text)) <= most:
        return text
    if not encoded:
        return text[: most - 1].rstrip() + "…"
    return text.encode()[: most - 3].decode("utf-8", "ignore").rstrip() + "…"


def suppression_words(minimum: int) -> str:
    """How small groups were withheld, for notes and read-me files."""
    return (
        f"No group of fewer than {minimum} people is shown. Strata in which an answer would have fewer are put together with "
        "others, the same ones for all items, and their stratum is “withheld”; an item that cannot be shown in those strata "
        "has its stratum withheld throughout. Choices of fewer people are put together into the answer “withheld”. Answers "
        "to different items are not linked: nobody can be followed from file to file."
    )


def citation(title: str, public_id: str, closed_on: date, freeze_hash: str) -> str:
    """How the data are cited."""
    return plain(
        f"Auscult ({closed_on.year}). {title} [data set {public_id}]. Questionnaire frozen as SHA-256 {freeze_hash}."
    )
