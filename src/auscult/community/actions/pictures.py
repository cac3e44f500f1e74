"""Pictures: taken as bare pixels into a draft, covered or answered, handed to its posting; covered there too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from auscult.community import access
from auscult.community.models import Draft, Picture, Posting
from auscult.community.pictures import Box, CannotTakePicture, burn_boxes, clean_picture, find_faces, find_text_regions
from auscult.community.pictures import Picture as Pixels
from auscult.community.rules.cases import MOST_PICTURES, SHORTEST_REASON
from auscult.shared import audit
from auscult.shared.refusals import Refused
from auscult.shared.standing import Standing

#: Kinds of drafts that take pictures.
WITH_PICTURES = (Draft.Kind.POSTING, Draft.Kind.CASE)


class CannotAddPicture(Refused):
    """The picture was not taken."""


class CannotTakePictures(Refused):
    """The pictures wait for an answer; so does the posting."""


def add_picture(*, standing: Standing, now: datetime, draft_id: int, data: bytes, description: str) -> Picture:
    """Add a picture to a draft: only its bare pixels are kept; faces and lettering that are found must be covered or answered.

    Raises:
        NotFound: no such draft, or somebody else's.
        CannotAddPicture: too many, or no picture we can take.
    """
    # Outside the transaction: it takes a second, and needs nothing locked.
    access.load_draft_to_write(standing, draft_id, kinds=WITH_PICTURES)
    try:
        pixels = clean_picture(data)
    except CannotTakePicture as problem:
        raise CannotAddPicture(str(problem)) from problem
    offered = [*find_faces(pixels.data), *find_text_regions(pixels.data)]
    with transaction.atomic():
        draft = access.load_draft_to_write(standing, draft_id, kinds=WITH_PICTURES, lock=True)
        if draft.pictures.count() >= MOST_PICTURES:
            raise CannotAddPicture(f"{MOST_PICTURES} pictures are the most.")
        picture = Picture.objects.create(
            member_id=standing.require_member(),
            draft=draft,
            description=description.strip()[:300],
            removed=list(pixels.removed),
            offered=[_as_json(box) for box in offered],
            added_at=now,
            **_columns(pixels),
        )
        audit.record("community.picture.add", standing=standing, thing=f"picture:{picture.pk}", now=now)
    return picture


def _columns(pixels: Pixels) -> dict[str, object]:
    return {
        "data": pixels.data,
        "thumbnail": pixels.thumbnail,
        "media_type": pixels.media_type,
        "width": pixels.width,
        "height": pixels.height,
    }


def _as_json(box: Box) -> dict[str, float]:
    return {"left": box.left, "top": box.top, "width": box.width, "height": box.height}


def cover_picture(
    *, standing: Standing, now: datetime, public_id: str, boxes: Sequence[Box], blurred: Sequence[Box], reason: str
) -> None:
    """Burn boxes into a picture; what was there is gone. What was offered counts as answered then.

    A picture that is published can still be covered: what one sees too late is gone at once, for everybody.

    Args:
        boxes: parts to cover.
        blurred: parts to make unrecognisable.
        reason: why what was found and is not covered stays; needed where no box was drawn, in a draft.

    Raises:
        NotFound: no such picture, or somebody else's.
        Conflict: its posting was taken down.
        CannotAddPicture: neither a box nor a reason, or a box that is none.
    """
    with transaction.atomic():
        picture = access.load_picture_to_cover(standing, public_id)
        if not boxes and not blurred:
            if picture.posting_id:
                raise CannotAddPicture("Draw a box over what is to be covered first.")
            if len(reason.strip()) < SHORTEST_REASON:
                raise CannotAddPicture("Cover what was found, or say in a few words why it may stay.")
        try:
            pixels = None
            if boxes:
                pixels = burn_boxes(bytes(picture.data), boxes, how="cover")
            if blurred:
                pixels = burn_boxes(pixels.data if pixels else bytes(picture.data), blurred, how="blur")
        except CannotTakePicture as problem:
            raise CannotAddPicture(str(problem)) from problem
        if pixels:
            for column, value in _columns(pixels).items():
                setattr(picture, column, value)
        if picture.posting_id is None:
            picture.offered, picture.reason = [], reason.strip()[:300]
        picture.save()
        _note_change(picture.posting_id, now)
        audit.record("community.picture.cover", standing=standing, thing=f"picture:{picture.pk}", now=now)


def remove_picture(*, standing: Standing, now: datetime, public_id: str) -> None:
    """Take a picture out of a draft or a posting; it is deleted.

    Raises:
        NotFound: no such picture, or somebody else's.
        Conflict: its posting was taken down.
    """
    with transaction.atomic():
        picture = access.load_picture_to_cover(standing, public_id)
        audit.record("community.picture.remove", standing=standing, thing=f"picture:{picture.pk}", now=now)
        picture.delete()
        _note_change(picture.posting_id, now)


def _note_change(posting_id: int | None, now: datetime) -> None:
    if posting_id:
        left = Picture.objects.filter(posting_id=posting_id).count()
        Posting.objects.filter(pk=posting_id).update(picture_count=left, edited_at=now)


def hand_over_pictures(draft: Draft, posting: Posting) -> None:
    """Give a draft's pictures to the posting that it becomes; a step of ``create_posting``, which writes its event.

    Raises:
        CannotTakePictures: something that was found in one of them is neither covered nor answered.
    """
    pictures = list(draft.pictures.defer("data", "thumbnail"))
    if any(picture.offered for picture in pictures):
        raise CannotTakePictures("Look at the pictures: what was found in them is covered, or answered with a reason.")
    if pictures:
        Picture.objects.filter(draft=draft).update(draft=None, posting=posting)
        Posting.objects.filter(pk=posting.pk).update(picture_count=len(pictures))
