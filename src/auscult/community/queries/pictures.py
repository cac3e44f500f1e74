"""What pages show of the pictures of a draft."""

from __future__ import annotations

from dataclasses import dataclass

from auscult.community import access
from auscult.community.actions.pictures import WITH_PICTURES
from auscult.community.models import Draft
from auscult.shared.standing import Standing


@dataclass(frozen=True)
class DraftPicture:
    """A picture of a draft."""

    public_id: str
    width: int
    height: int
    description: str
    removed: list[str]
    offered: list[dict[str, float]]
    reason: str


@dataclass(frozen=True)
class DraftPicturesPage:
    """The pictures of a draft.

    Attributes:
        kind: posting or case.
    """

    draft_id: int
    kind: str
    title: str
    pictures: list[DraftPicture]


def pictures_of(draft: Draft) -> list[DraftPicture]:
    """Pictures of a draft, first added first, without their pixels."""
    return [
        DraftPicture(
            str(each.public_id), each.width, each.height, each.description, each.removed, each.offered, each.reason
        )
        for each in draft.pictures.defer("data", "thumbnail").order_by("pk")
    ]


def get_draft_pictures(standing: Standing, draft_id: int) -> DraftPicturesPage:
    """The pictures of one's draft of a posting or case.

    Raises:
        NotFound: none, or somebody else's.
    """
    draft = access.load_draft_to_write(standing, draft_id, kinds=WITH_PICTURES)
    return DraftPicturesPage(draft_id, draft.kind, draft.fields.get("title", ""), pictures_of(draft))
