"""What postings and comments may be: lengths, depth, ratings."""

from __future__ import annotations

from datetime import timedelta

LONGEST_TITLE, LONGEST_POSTING, LONGEST_COMMENT = 160, 20_000, 5_000
POSTINGS_PER_PAGE = 20
COMMENTS_PER_PAGE = 100
#: How deep answers are indented; deeper ones stand at this depth and name whom they answer.
DEEPEST = 4
#: Whoever wrote may edit for so long without a version being kept: the typing error seen at once.
SILENT_EDIT = timedelta(minutes=2)
#: The same words of the same member at the same place within this time were sent twice, not said twice.
SENT_AGAIN = timedelta(minutes=2)

#: Usefulness ratings: value → words. Rated is whether it helped, not whether one agrees.
USEFULNESS = {0: "Not useful", 1: "Somewhat useful", 2: "Useful", 3: "Very useful"}


def posting_problem(title: str, body: str) -> str | None:
    """Why a posting cannot be taken, or None."""
    if not title.strip():
        return "Give the posting a title."
    if len(title) > LONGEST_TITLE:
        return f"The title has {len(title)} characters; {LONGEST_TITLE} are the most."
    if not body.strip():
        return "Write something under the title."
    if len(body) > LONGEST_POSTING:
        return f"The posting has {len(body):,} characters; {LONGEST_POSTING:,} are the most."
    return None


def comment_problem(body: str) -> str | None:
    """Why a comment cannot be taken, or None."""
    if not body.strip():
        return "Write your comment first."
    if len(body) > LONGEST_COMMENT:
        return f"The comment has {len(body):,} characters; {LONGEST_COMMENT:,} are the most."
    return None


def path_of(number: int, parent: list[int] | None) -> list[int]:
    """Where a comment stands in its thread.

    Args:
        number: its number within the posting.
        parent: path of the comment it answers, or None.

    Returns:
        The path of its parent and its own number; under the deepest level it stands beside what it answers.
    """
    return [*(parent or [])[:DEEPEST], number]
