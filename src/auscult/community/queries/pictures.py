"""What pages show of pictures that are still to be covered, or can be."""

from __future__ import annotations

from dataclasses import dataclass

from auscult.community import access
from auscult.community.actions.pictures import WITH_PICTURES
from auscult.community.models import Draft, Posting
from auscult.shared.standing import Standing


@dataclass(frozen=True)
class OwnPicture:
    """A picture of one's draft or posting."""

    public_id: str
    width: int
    height: int
    description: str
    removed: list[str]
    offered: list[dict[str, float]]
    reason: str


@dataclass(frozen=True)
class OwnPicturesPage:
    """The pictures of one's draft, or of one's posting.

    Attributes:
        draft_id, posting_id: one of them.
    """

    draft_id: int | None
    posting_id: int | None
    title: str
    pictures: list[OwnPicture]


def pictures_of(thing: Draft | Posting) -> list[OwnPicture]:
    """Pictures of a draft or posting, first added first, without their pixels."""
    return [
        OwnPicture(
            str(each.public_id), each.width, each.height, each.description, each.removed, each.offered, each.reason
        )
        for each in thing.pictures.defer("data", "thumbnail").order_by("pk")
    ]


def get_draft_pictures(standing: Standing, draft_id: int) -> OwnPicturesPage:
    """The pictures of one's draft of a posting or case.

    Raises:
        NotFound: none, or somebody else's.
    """
    draft = access.load_draft_to_write(standing, draft_id, kinds=WITH_PICTURES)
    return OwnPicturesPage(draft_id, None, draft.fields.get("title", ""), pictures_of(draft))


def get_posting_pictures(standing: Standing, posting_id: int) -> OwnPicturesPage:
    """The pictures of one's posting.

    Raises:
        NotAllowed: not registered.
        NotFound: no such posting, somebody else's, taken down, or without pictures.
    """
    posting = access.load_posting_to_change(standing, posting_id)
    return OwnPicturesPage(None, posting_id, posting.title, pictures_of(posting))
