"""Boxes that are burned into a picture: what was there is gone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw

from auscult.community.pictures.cleaning import CannotTakePicture, Picture, encode

#: Blocks a side that are left of what is blurred; fewer than it takes to tell one face from another.
BLOCKS = 6


@dataclass(frozen=True)
class Box:
    """A part of a picture, as shares of its width and height."""

    left: float
    top: float
    width: float
    height: float


def burn_boxes(data: bytes, boxes: Sequence[Box], *, how: Literal["cover", "blur"]) -> Picture:
    """Cover parts of a picture with black, or leave only the means of a few blocks of them.

    Args:
        data: a picture that ``clean_picture`` made.
        boxes: parts; what reaches beyond the picture is cut.
        how: ``cover`` or ``blur``.

    Raises:
        CannotTakePicture: a box that is none.
    """
    image = Image.open(io.BytesIO(data)).convert("RGB")
    for box in boxes:
        place = _pixels(box, image.size)
        if how == "cover":
            ImageDraw.Draw(image).rectangle((place[0], place[1], place[2] - 1, place[3] - 1), fill="black")
        else:
            part = image.crop(place)
            small = part.resize((min(BLOCKS, part.width), min(BLOCKS, part.height)), Image.Resampling.BOX)
            image.paste(small.resize(part.size, Image.Resampling.NEAREST), place)
    return encode(image, ())


def _pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    sides = (box.left, box.top, box.width, box.height)
    if not all(-1 <= side <= 2 for side in sides) or box.width <= 0 or box.height <= 0:
        raise CannotTakePicture("A box lies outside of the picture. Draw it again.")
    width, height = size
    left, top = max(0, int(box.left * width)), max(0, int(box.top * height))
    right = min(width, int((box.left + box.width) * width + 0.999))
    bottom = min(height, int((box.top + box.height) * height + 0.999))
    if right <= left or bottom <= top:
        raise CannotTakePicture("A box lies outside of the picture. Draw it again.")
    return left, top, right, bottom
