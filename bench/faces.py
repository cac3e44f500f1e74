"""How many faces are offered for covering, by size and by turn, and how long a picture of 12 megapixels takes.

The hundred faces and hundred other things, 25 × 25 pixels each, are the part of "Labeled Faces in the Wild" that scikit-image
carries; each is laid on grey and turned about its middle. They were collected with a finder of the same kind as ours, and look
ahead: the figures say what turning and size cost, not how faces from aside fare. Usage: make bench B=faces, after
``.uv/bin/uv pip install scikit-image``.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from auscult.community.pictures import clean_picture, find_faces, find_text_regions
from auscult.statistics.intervals import wilson_interval

TURNS = {"upright": (0, 0), "up to 45° aside": (-45, 45), "any way": (-180, 180)}
SIZES = (40, 110)


def main() -> None:
    try:
        from skimage.data import lfw_subset
    except ImportError:
        sys.exit("The pictures come with scikit-image: .uv/bin/uv pip install scikit-image, then once more.")
    pictures = (255 * lfw_subset()).astype(np.uint8)
    rng = np.random.default_rng(2009)
    print("| face of | turned | faces offered of 100 | other things offered of 100 |\n|---|---|--:|--:|")
    for size in SIZES:
        for words, turns in TURNS.items():
            offered = [
                bool(find_faces(laid(each, size, turn)))
                for each, turn in zip(pictures, rng.uniform(*turns, len(pictures)), strict=True)
            ]
            faces, others = sum(offered[:100]), sum(offered[100:])
            interval = wilson_interval(faces / 100, 100)
            share = f"{faces} ({100 * interval.low:.0f}–{100 * interval.high:.0f})"
            print(f"| {size} pixels | {words} | {share} | {others} |", flush=True)
    face = Image.fromarray(pictures[0]).resize((800, 800), Image.Resampling.BICUBIC)
    photograph = Image.effect_noise((4000, 3000), 25)
    photograph.paste(face, (1600, 1200))
    data = as_bytes(photograph.convert("RGB"), "JPEG")
    pixels = clean_picture(data).data
    print("\nA picture of 12 megapixels, CPU seconds:")
    decoded = took("decoded and encoded alone", lambda: as_bytes(Image.open(io.BytesIO(data)), "JPEG"))
    for words, call in {
        "cleaned": lambda: clean_picture(data),
        "looked at for faces": lambda: find_faces(pixels),
        "looked at for lettering": lambda: find_text_regions(pixels),
    }.items():
        took(words, call, decoded)


def laid(picture: np.ndarray, size: int, turn: float) -> bytes:
    """A small picture in the middle of a grey one three times as wide, turned."""
    ground = Image.new("L", (3 * size, 3 * size), 128)
    ground.paste(Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC), (size, size))
    return as_bytes(ground.rotate(turn, Image.Resampling.BICUBIC, fillcolor=128), "PNG")


def as_bytes(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def took(words: str, call: Callable[[], object], reference: float = 0) -> float:
    began = time.process_time()
    call()
    seconds = time.process_time() - began
    print(f"- {words}: {seconds:.2f}" + (f", {seconds / reference:.1f} times decoding" if reference else ""))
    return seconds


if __name__ == "__main__":
    main()
