"""Earlier versions of words, and their text for quoting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from auscult.community import access
from auscult.community.models import Comment, Posting, Revision
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing


@dataclass(frozen=True)
class Version:
    """What words said until an instant; the last one still says it.

    Attributes:
        body: None where it is kept back: a case may have been changed because it told who the patient is.
    """

    title: str
    body: str | None
    until: datetime | None


@dataclass(frozen=True)
class HistoryPage:
    """Versions of one posting or comment, newest first."""

    posting_id: int
    title: str
    number: int | None
    versions: list[Version]


def get_history(standing: Standing, posting_id: int, number: int | None) -> HistoryPage:
    """What a posting (or the comment of a number under it) said, newest first.

    What a case and its author's comments said before is for their author and for moderators alone.

    Raises:
        NotAllowed: not registered.
        NotFound: none, or its words are not for whoever asks.
    """
    access.require_reading(standing)
    posting = Posting.objects.only("title", "body", "state", "author_id", "case_state").filter(pk=posting_id).first()
    if posting is None or not access.can_see_words(standing, posting.state, posting.author_id):
        raise NotFound
    if number is None:
        author = posting.author_id
        present, revisions = Version(posting.title, posting.body, None), Revision.objects.filter(posting=posting)
    else:
        comment = _comment(standing, posting_id, number)
        author = comment.author_id
        present, revisions = Version("", comment.body, None), Revision.objects.filter(comment=comment)
    rows = revisions.order_by("-pk").values_list("title", "body", "replaced_at")
    earlier = [Version(*row) for row in rows]
    of_patient = posting.case_state and author == posting.author_id
    if of_patient and standing.member_id != author and not standing.can(Permission.WORDS_MODERATE):
        earlier = [Version("", None, each.until) for each in earlier]
    return HistoryPage(posting_id, posting.title, number, [present, *earlier])


def _comment(standing: Standing, posting_id: int, number: int) -> Comment:
    comment = Comment.objects.defer("search").filter(posting_id=posting_id, number=number).first()
    if comment is None or not access.can_see_words(standing, comment.state, comment.author_id):
        raise NotFound
    return comment


def words_of(standing: Standing, posting_id: int, number: int) -> Markup:
    """The rendered words of a comment.

    Raises:
        NotFound: none, or its words are not for whoever asks.
    """
    access.require_reading(standing)
    return Markup(_comment(standing, posting_id, number).html)  # noqa: S704 - cleaned when it was written


def quote_of(standing: Standing, posting_id: int, number: int) -> str:
    """The words of a comment as the beginning of one that quotes it; quotations in it are left out.

    Raises:
        NotFound: none, or its words are not for whoever asks.
    """
    access.require_reading(standing)
    lines = [line for line in _comment(standing, posting_id, number).body.splitlines() if not line.startswith(">")]
    text = "\n".join(lines).strip()
    if len(text) > 600:
        text = text[:600].rsplit(" ", 1)[0] + " …"
    return "\n".join([f"> #{number}", *(f"> {line}" for line in text.splitlines())]) + "\n\n"
