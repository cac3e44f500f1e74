"""How a member is heard on a topic, in words: never a number, never a weight of a vote."""

from __future__ import annotations

#: Ratings «useful» of a member's postings on a topic, or texts there, from which on the words are said.
HEARD_TEXTS, USEFUL_RATINGS, WIDELY_RATINGS = 5, 10, 50


def band(texts: int, useful: int) -> str:
    """How a member is heard on a topic.

    Args:
        texts: postings and comments on it.
        useful: ratings «useful» and «very useful» of the postings.

    Returns:
        ``new here``, ``heard``, ``often found useful`` or ``widely found useful``.
    """
    if useful >= WIDELY_RATINGS:
        return "widely found useful"
    if useful >= USEFUL_RATINGS:
        return "often found useful"
    return "heard" if texts >= HEARD_TEXTS else "new here"
