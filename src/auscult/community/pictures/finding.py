"""Faces and lettering in a picture: offered for covering, never covered by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auscult.community.pictures.covering import Box

#: Longest side that is looked at; faces smaller than a fiftieth of it are nobody's.
LOOKED_AT = 1200


def find_faces(data: bytes) -> list[Box]:
    """Places that look like faces, from the front or the side (Viola and Jones's cascades as OpenCV ships them).

    It finds most upright faces and misses turned, covered and drawn ones; a shirt may look like a face. So it offers.
    """
    import cv2

    grey = _grey(data)
    found: list[tuple[int, int, int, int]] = []
    for name, mirrored in (
        ("haarcascade_frontalface_alt2.xml", False),
        ("haarcascade_profileface.xml", False),
        ("haarcascade_profileface.xml", True),
    ):
        cascade = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / name))  # type: ignore[attr-defined]
        looked = cv2.flip(grey, 1) if mirrored else grey
        least = max(24, max(grey.shape) // 50)
        for left, top, width, height in cascade.detectMultiScale(looked, 1.1, 4, minSize=(least, least)):
            at = grey.shape[1] - left - width if mirrored else left
            found.append((int(at), int(top), int(width), int(height)))
    return [_box(place, grey.shape) for place in _merged(found)]


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


def _merged(found: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Of places that cover each other for the most part, the first."""
    kept: list[tuple[int, int, int, int]] = []
    for place in found:
        if not any(_overlap(place, other) > 0.4 for other in kept):
            kept.append(place)
    return kept


def _overlap(one: tuple[int, int, int, int], two: tuple[int, int, int, int]) -> float:
    width = min(one[0] + one[2], two[0] + two[2]) - max(one[0], two[0])
    height = min(one[1] + one[3], two[1] + two[3]) - max(one[1], two[1])
    return max(width, 0) * max(height, 0) / min(one[2] * one[3], two[2] * two[3])


def _box(place: tuple[int, int, int, int], shape: tuple[int, ...]) -> Box:
    left, top, width, height = place
    return Box(left / shape[1], top / shape[0], width / shape[1], height / shape[0])
