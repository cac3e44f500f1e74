"""Doors of the community: it is read by registered members, not by the public."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from auscult.community.models import Comment, Draft, Picture, Posting
from auscult.community.rules.moderation import WordsState
from auscult.organisations.rules import Power
from auscult.shared.refusals import Conflict, NotAllowed, NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Level, Standing

_COLUMNS = [
    field.attname for field in Posting._meta.concrete_fields if field.name not in {"title", "body", "html"}
]  # fmt: skip
_OF_JSON = {"connections", "kept_findings"}
_LOAD = f"SELECT {', '.join(_COLUMNS)} FROM community_posting WHERE id = %s"  # noqa: S608 - constants of ours
_LOAD_LOCKED = _LOAD + " FOR UPDATE"


@dataclass(frozen=True)
class PicturePlace:
    """What a picture is in: a draft of a kind, or a posting."""

    draft_id: int | None
    kind: str | None
    posting_id: int | None = None


def can_read_postings(standing: Standing) -> bool:
    """L1 and higher read, and moderators."""
    return standing.level >= Level.L1 or standing.can(Permission.WORDS_MODERATE)


def require_reading(standing: Standing) -> None:
    """Refuse whoever may not read.

    Raises:
        NotAllowed: a reader without an account, or an applicant who has claimed no record.
    """
    if not can_read_postings(standing):
        raise NotAllowed("Physicians talk here among themselves. Sign in, and claim your register record to read.")


def speaks_in(standing: Standing, representative_id: int | None) -> int | None:
    """The organisation that posted, where the one who asks may post in its name: its thread is read by them, member or not.

    Args:
        representative_id: appointment by which the posting was written; None for a member's own words.
    """
    if representative_id is None or standing.member_id is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT own.organisation_id FROM organisations_representative AS own JOIN organisations_representative AS wrote "
            "ON wrote.organisation_id = own.organisation_id AND wrote.id = %s "
            "WHERE own.member_id = %s AND own.ended_at IS NULL AND own.powers @> %s::jsonb",
            [representative_id, standing.member_id, json.dumps([Power.POST.value])],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None


def require_handle(standing: Standing) -> None:
    """Refuse whoever has no pseudonym to write under.

    Raises:
        NotAllowed: no handle yet.
    """
    if standing.handle is None:
        raise NotAllowed("Choose your handle first; it is how colleagues will know you.")


def can_see_words(standing: Standing, state: str, author_id: int) -> bool:
    """Whether somebody sees words that may have been taken down: what is hidden is seen by its author and by moderators."""
    if state == WordsState.PUBLISHED:
        return True
    if state == WordsState.PURGED:
        return False
    return standing.member_id == author_id or standing.can(Permission.WORDS_MODERATE)


def load_posting_to_read(standing: Standing, posting_id: int, *, lock: bool = False) -> Posting:
    """A posting; to whoever may read here, and one of an organisation to those who may post in its name.

    Raises:
        NotAllowed: not registered.
        NotFound: no such posting.
    """
    # Plain SQL into a model: it stands before every write of the room. The columns of the search are of no use outside the
    # database, and long; so are the words.
    with connection.cursor() as cursor:
        cursor.execute(_LOAD_LOCKED if lock else _LOAD, [posting_id])
        row = cursor.fetchone()
    representative = row[_COLUMNS.index("representative_id")] if row else None
    if not can_read_postings(standing) and speaks_in(standing, representative) is None:
        require_reading(standing)
    if row is None:
        raise NotFound
    values = [json.loads(value) if name in _OF_JSON else value for name, value in zip(_COLUMNS, row, strict=True)]
    return Posting.from_db("default", _COLUMNS, values)


def load_posting_to_answer(standing: Standing, posting_id: int) -> Posting:
    """A posting under which something is written, voted or rated; its row is locked.

    Raises:
        NotAllowed: not registered.
        NotFound: no such posting.
        Conflict: it was taken down.
    """
    posting = load_posting_to_read(standing, posting_id, lock=True)
    if posting.state != WordsState.PUBLISHED:
        raise Conflict("This posting was taken down; nothing is added to it any more.")
    return posting


def load_posting_to_edit(standing: Standing, posting_id: int) -> Posting:
    """One's own posting, locked.

    Raises:
        NotAllowed: not registered.
        NotFound: no such posting, or somebody else's.
        Conflict: it was taken down.
    """
    posting = load_posting_to_answer(standing, posting_id)
    if posting.author_id != standing.member_id:
        raise NotFound
    return posting


def load_comment_to_edit(standing: Standing, posting_id: int, number: int) -> Comment:
    """One's own comment, locked.

    Raises:
        NotAllowed: not registered.
        NotFound: no such comment, or somebody else's.
        Conflict: it was taken down.
    """
    load_posting_to_read(standing, posting_id)
    found = (
        Comment.objects.select_for_update(of=("self",))
        .defer("search")
        .filter(posting_id=posting_id, number=number, author_id=standing.member_id or 0)
        .first()
    )
    if found is None:
        raise NotFound
    if found.state != WordsState.PUBLISHED:
        raise Conflict("This comment was taken down.")
    return found


def load_retracted_posting(standing: Standing, posting_id: int) -> Posting:
    """One's own posting that one took back, locked.

    Raises:
        NotFound: there is none, or it was not oneself who took it down.
    """
    load_posting_to_read(standing, posting_id)
    found = (
        Posting.objects.select_for_update(of=("self",))
        .filter(pk=posting_id, author_id=standing.member_id or 0, state=WordsState.RETRACTED)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def load_retracted_comment(standing: Standing, posting_id: int, number: int) -> Comment:
    """One's own comment that one took back, locked.

    Raises:
        NotFound: there is none, or it was not oneself who took it down.
    """
    load_posting_to_read(standing, posting_id)
    found = (
        Comment.objects.select_for_update(of=("self",))
        .defer("search")
        .filter(posting_id=posting_id, number=number, author_id=standing.member_id or 0, state=WordsState.RETRACTED)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def load_posting_to_change(standing: Standing, posting_id: int) -> Posting:
    """One's own posting with its words, for the form that changes it.

    Raises:
        NotAllowed: not registered.
        NotFound: no such posting, somebody else's, or taken down.
    """
    load_posting_to_read(standing, posting_id)
    found = Posting.objects.filter(pk=posting_id, author_id=standing.member_id or 0, state=WordsState.PUBLISHED).first()
    if found is None:
        raise NotFound
    return found


def load_comment_to_change(standing: Standing, posting_id: int, number: int) -> Comment:
    """One's own comment with its words, for the form that changes it.

    Raises:
        NotAllowed: not registered.
        NotFound: no such comment, somebody else's, or taken down.
    """
    load_posting_to_read(standing, posting_id)
    found = (
        Comment.objects.defer("search")
        .filter(posting_id=posting_id, number=number, author_id=standing.member_id or 0, state=WordsState.PUBLISHED)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def require_posting(standing: Standing) -> None:
    """Refuse whoever may not post.

    Raises:
        NotAllowed: not verified, or no handle.
    """
    standing.require(Permission.POSTING_CREATE, "Only members whose verification is valid post.")
    require_handle(standing)


def load_draft_to_write(
    standing: Standing, draft_id: int, *, kinds: Collection[str] = (Draft.Kind.CASE,), lock: bool = False
) -> Draft:
    """One's own draft, of a case unless other kinds are named.

    Raises:
        NotFound: none, or somebody else's.
    """
    drafts = Draft.objects.select_for_update() if lock else Draft.objects
    found = drafts.filter(pk=draft_id, member_id=standing.member_id or 0, kind__in=kinds).first()
    if found is None:
        raise NotFound
    return found


def load_picture_to_cover(standing: Standing, public_id: str) -> Picture:
    """A picture of one's own draft or published posting, locked; its posting before it, as moderators lock them.

    Raises:
        NotFound: none, or somebody else's.
        Conflict: its posting was taken down.
    """
    place = find_place_of_picture(standing, public_id)
    if place.posting_id:
        posting = Posting.objects.select_for_update().only("state").get(pk=place.posting_id)
        if posting.state != WordsState.PUBLISHED:
            raise Conflict("The posting with this picture was taken down.")
    found = Picture.objects.select_for_update().filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    return found


def find_place_of_picture(standing: Standing, public_id: str) -> PicturePlace:
    """What a picture of one's own is in.

    Raises:
        NotFound: none, or somebody else's.
    """
    found = Picture.objects.filter(public_id=public_id, member_id=standing.member_id or 0)
    row = found.values_list("draft_id", "draft__kind", "posting_id").first()
    if row is None:
        raise NotFound
    return PicturePlace(*row)


def load_picture_to_read(standing: Standing, public_id: str) -> Picture:
    """A picture: of one's own draft, or of a posting whose words one may see.

    Raises:
        NotFound: none, or not for whoever asks.
    """
    found = Picture.objects.select_related("posting").filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    if found.posting is None:
        if found.member_id != standing.member_id:
            raise NotFound
        return found
    require_reading(standing)
    if not can_see_words(standing, found.posting.state, found.posting.author_id):
        raise NotFound
    return found


def require_moderator(standing: Standing) -> None:
    """Refuse whoever is no moderator; to others the place looks as if it were not there.

    Raises:
        NotAllowed: nobody is signed in.
        NotFound: no moderator.
    """
    standing.require_member()
    if not standing.can(Permission.WORDS_MODERATE):
        raise NotFound
