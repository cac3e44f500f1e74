"""From a file to bare pixels, and back into a file that holds nothing else."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

MOST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONG_SIDE, THUMBNAIL_SIDE = 2400, 480
MEDIA_TYPE = "image/webp"
_TAKEN = {"JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"}


class CannotTakePicture(ValueError):
    """The file is no picture that can be taken; the text says what to do."""


@dataclass(frozen=True)
class Picture:
    """A picture of bare pixels.

    Attributes:
        data: WebP.
        media_type: of ``data`` and ``thumbnail``.
        width: of ``data``, in pixels.
        height: of ``data``, in pixels.
        thumbnail: WebP of at most ``THUMBNAIL_SIDE`` pixels.
        removed: what the file held beside its pixels, in words without its values.
    """

    data: bytes
    media_type: str
    width: int
    height: int
    thumbnail: bytes
    removed: tuple[str, ...]


def clean_picture(data: bytes) -> Picture:
    """Decode a JPEG, PNG, WebP, GIF, TIFF, BMP or DICOM file and write its pixels anew.

    Args:
        data: the file; at most 12 MB and 40 megapixels.

    Raises:
        CannotTakePicture: too large, of another kind, or broken.
    """
    if len(data) > MOST_BYTES:
        raise CannotTakePicture(f"The file has {len(data) / 1e6:.0f} MB; {MOST_BYTES // 2**20} MB are the most.")
    image, removed = _from_dicom(data) if data[128:132] == b"DICM" else _from_image(data)
    return encode(image, removed)


def encode(image: Image.Image, removed: tuple[str, ...]) -> Picture:
    """Write pixels, and nothing else, as WebP."""
    # A new image of the pixels alone: what Pillow keeps of the file beside them stays behind.
    bare = Image.frombytes(image.mode, image.size, image.tobytes())
    bare.thumbnail((LONG_SIDE, LONG_SIDE))
    small = bare.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return Picture(_webp(bare), MEDIA_TYPE, *bare.size, _webp(small), removed)


def _webp(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=88, method=4)
    return out.getvalue()


def _from_image(data: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    try:
        image = Image.open(io.BytesIO(data))
        if image.format not in _TAKEN:
            raise CannotTakePicture("Pictures are taken as JPEG, PNG, WebP, GIF, TIFF, BMP or DICOM. Export it as one.")
        if image.width * image.height > MOST_PIXELS:
            raise CannotTakePicture(f"The picture has more than {MOST_PIXELS // 10**6} megapixels. Make it smaller.")
        removed = _held(image)
        image.seek(0)
        upright = ImageOps.exif_transpose(image)
        flat = _flat(upright)
    except CannotTakePicture:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise CannotTakePicture(
            "This file is broken, or no picture. Open it, export it as PNG, and add that."
        ) from error
    return flat, removed


def _flat(image: Image.Image) -> Image.Image:
    if image.mode in {"I", "I;16", "I;16B", "F"}:
        low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
        scale = 255 / (high - low) if high > low else 1.0
        return image.convert("F").point(lambda value: (value - low) * scale).convert("L").convert("RGB")
    if image.mode in {"RGBA", "LA", "PA", "P"}:
        over = image.convert("RGBA")
        paper = Image.new("RGBA", over.size, "white")
        paper.alpha_composite(over)
        return paper.convert("RGB")
    return image.convert("RGB")


def _held(image: Image.Image) -> tuple[str, ...]:
    exif = image.getexif()
    found = []
    if len(exif):
        parts = ["camera and time"] + (["position (GPS)"] if exif.get_ifd(0x8825) else [])
        found.append(f"EXIF: {', '.join(parts)}")
    info = image.info
    if "xmp" in info or "XML:com.adobe.xmp" in info:
        found.append("XMP")
    if "photoshop" in info:
        found.append("IPTC")
    if "icc_profile" in info:
        found.append("colour profile")
    texts = set(getattr(image, "text", {})) | ({"comment"} if "comment" in info else set())
    if texts - {"XML:com.adobe.xmp"}:
        found.append("comments")
    if getattr(image, "n_frames", 1) > 1:
        found.append("further frames")
    return tuple(found)


def _from_dicom(data: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    import numpy as np
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        record: Any = pydicom.dcmread(io.BytesIO(data))
        if int(record.Rows) * int(record.Columns) > MOST_PIXELS:
            raise CannotTakePicture(f"The picture has more than {MOST_PIXELS // 10**6} megapixels. Make it smaller.")
        pixels = record.pixel_array
        samples = int(getattr(record, "SamplesPerPixel", 1))
        if pixels.ndim == 3 + (samples > 1):
            pixels = pixels[len(pixels) // 2]
        if samples > 1:
            image = Image.fromarray(np.ascontiguousarray(pixels[..., :3].astype(np.uint8)), "RGB")
        else:
            image = Image.fromarray(_windowed(record, pixels), "L").convert("RGB")
    except CannotTakePicture:
        raise
    except (
        InvalidDicomError,
        AttributeError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        TypeError,
        OSError,
    ) as error:
        raise CannotTakePicture(
            "This DICOM file cannot be read here: it is broken or compressed in a way we do not know. Export it as PNG."
        ) from error
    return image, ("the DICOM header, with whatever it says of patient, place and time",)


def _windowed(record: Any, pixels: Any) -> Any:
    import numpy as np

    values = pixels.astype(np.float64) * float(getattr(record, "RescaleSlope", 1)) + float(
        getattr(record, "RescaleIntercept", 0)
    )
    centre, width = getattr(record, "WindowCenter", None), getattr(record, "WindowWidth", None)
    if centre is not None and width is not None:
        middle = float(centre[0] if isinstance(centre, list | tuple) or hasattr(centre, "__len__") else centre)
        span = float(width[0] if isinstance(width, list | tuple) or hasattr(width, "__len__") else width)
        low, high = middle - span / 2, middle + span / 2
    else:
        low, high = (float(value) for value in np.percentile(values, (1, 99)))
    grey = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    if getattr(record, "PhotometricInterpretation", "") == "MONOCHROME1":
        grey = 1 - grey
    return (255 * grey).astype(np.uint8)
