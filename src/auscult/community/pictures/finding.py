"""Faces and lettering in a picture: offered for covering, never covered by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auscult.community.pictures.covering import Box

#: Longest side that is looked at for lettering, and for faces that are upright.
LOOKED_AT = 1200
#: Side of the smallest face that the cascades know, in pixels of what is looked at.
SMALLEST_FACE = 24

#: Left, top, width and height, in pixels of what is looked at.
type _Place = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Search:
    """One way of looking for faces.

    Attributes:
        cascade: Viola and Jones's, as OpenCV ships them.
        side: longest side of what is looked at, in pixels: larger finds smaller faces, and takes its square in time.
        step: from one size to the next.
        turns: degrees, counter-clockwise, by which the picture is turned first.
        mirrored: look at the mirror image; the profile cascade knows faces that look to one side alone.
    """

    cascade: str
    side: int
    step: float
    turns: tuple[int, ...] = (0,)
    mirrored: bool = False


# A patient in bed has no upright face: of faces turned by up to 45 degrees the first search alone found 40 of 100, of
# upright ones 98.
_SEARCHES = (
    _Search("haarcascade_frontalface_alt2.xml", LOOKED_AT, 1.1),
    _Search("haarcascade_profileface.xml", 800, 1.2),
    _Search("haarcascade_profileface.xml", 800, 1.2, mirrored=True),
    _Search("haarcascade_frontalface_alt2.xml", 800, 1.2, turns=tuple(range(30, 360, 30))),
)


def find_faces(data: bytes) -> list[Box]:
    """Places that look like faces: upright from the front or the side, turned in the picture from the front.

    It misses faces that are small (below a fiftieth of the longer side upright, a thirtieth turned), half covered or seen
    from aside and turned; a coin may look like a face. So it offers. ``bench/faces.py`` measures it.
    """
    import cv2

    grey = _grey(data)
    found: list[_Place] = []
    for search in _SEARCHES:
        cascade = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / search.cascade))  # type: ignore[attr-defined]
        scale = min(1.0, search.side / max(grey.shape))
        small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
        small = cv2.flip(small, 1) if search.mirrored else small
        for turn in search.turns:
            turned, back = _turned(small, turn)
            places = cascade.detectMultiScale(turned, search.step, 4, minSize=(SMALLEST_FACE, SMALLEST_FACE))
            for left, top, width, height in places:
                x, y = back @ (left + width / 2, top + height / 2, 1)
                x = small.shape[1] - x if search.mirrored else x
                # A box is upright also where the face is not: a little more of it covers what stands out.
                half = (0.575 if turn % 90 else 0.5) * max(width, height)
                found.append(
                    (int((x - half) / scale), int((y - half) / scale), int(2 * half / scale), int(2 * half / scale))
                )
    return [_box(place, grey.shape) for place in _merged(found)]


def _turned(grey: Any, turn: int) -> tuple[Any, Any]:
    """A picture turned about its middle, nothing cut off, and the 2 × 3 matrix that leads its points back."""
    import cv2
    import numpy as np

    height, width = grey.shape
    there = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1)
    cosine, sine = np.abs(there[0, :2])
    size = int(height * sine + width * cosine), int(height * cosine + width * sine)
    there[0, 2] += (size[0] - width) / 2
    there[1, 2] += (size[1] - height) / 2
    return (cv2.warpAffine(grey, there, size) if turn else grey), cv2.invertAffineTransform(there)


def find_text_regions(data: bytes) -> list[Box]:
    """Places that look like lettering burned into a picture, as in the corners of ultrasound and X-ray pictures.

    Lettering has many strong edges close together: edges are joined along lines, and wide flat regions are kept.
    """
    import cv2

    grey = _grey(data)
    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    _, strong = cv2.threshold(edges, 110, 255, cv2.THRESH_BINARY)
    joined = cv2.morphologyEx(strong, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (13, 2)))
    contours, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        left, top, width, height = cv2.boundingRect(contour)
        filled = cv2.countNonZero(strong[top : top + height, left : left + width]) / (width * height)
        if 8 <= height <= grey.shape[0] // 8 and width >= 2.5 * height and filled > 0.35:
            found.append((left, top, width, height))
    return [_box(place, grey.shape) for place in _merged(found)[:20]]


def _grey(data: bytes) -> Any:
    import cv2
    import numpy as np

    # A worker of the web has one core.
    cv2.setNumThreads(1)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None, "pictures are looked at after they were cleaned"
    scale = LOOKED_AT / max(image.shape)
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image


def _merged(found: list[_Place]) -> list[_Place]:
    """Of places that cover each other for the most part, what all of them cover."""
    kept: list[_Place] = []
    for place in found:
        same = [other for other in kept if _overlap(place, other) > 0.4]
        kept = [other for other in kept if other not in same]
        left, top = (min(each[side] for each in (place, *same)) for side in (0, 1))
        right, bottom = (max(each[side] + each[side + 2] for each in (place, *same)) for side in (0, 1))
        kept.append((left, top, right - left, bottom - top))
    return kept


def _overlap(one: _Place, two: _Place) -> float:
    width = min(one[0] + one[2], two[0] + two[2]) - max(one[0], two[0])
    height = min(one[1] + one[3], two[1] + two[3]) - max(one[1], two[1])
    return max(width, 0) * max(height, 0) / min(one[2] * one[3], two[2] * two[3])


def _box(place: _Place, shape: tuple[int, ...]) -> Box:
    left, top = max(place[0], 0), max(place[1], 0)
    right, bottom = min(place[0] + place[2], shape[1]), min(place[1] + place[3], shape[0])
    return Box(left / shape[1], top / shape[0], (right - left) / shape[1], (bottom - top) / shape[0])
