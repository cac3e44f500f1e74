"""Pictures: bare pixels in, bare pixels out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


class CannotTakePicture(ValueError):
    """No picture that can be taken."""


@dataclass(frozen=True)
class Box:
    """A part of a picture, as shares of its width and height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Picture:
    """A cleaned picture."""

    data: bytes
    media_type: str
    width: int
    height: int
    thumbnail: bytes
    removed: tuple[str, ...]


def clean_picture(data: bytes) -> Picture:
    """Clean a picture."""
    raise CannotTakePicture("Pictures cannot be taken yet.")


def burn_boxes(data: bytes, boxes: Sequence[Box], *, how: Literal["cover", "blur"]) -> Picture:
    """Burn boxes into a picture."""
    raise CannotTakePicture("Pictures cannot be taken yet.")


def find_faces(data: bytes) -> list[Box]:
    """Find faces."""
    return []


def find_text_regions(data: bytes) -> list[Box]:
    """Find lettering."""
    return []
