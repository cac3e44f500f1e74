"""Pictures: whatever is uploaded is decoded, and written anew from its bare pixels; nothing else of the file survives."""

from auscult.community.pictures.cleaning import CannotTakePicture, Picture, clean_picture
from auscult.community.pictures.covering import Box, burn_boxes
from auscult.community.pictures.finding import find_faces, find_text_regions

__all__ = [
    "Box",
    "CannotTakePicture",
    "Picture",
    "burn_boxes",
    "clean_picture",
    "find_faces",
    "find_text_regions",
]
