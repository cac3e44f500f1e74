"""The file that an addressee gets: text, hash and signatories as PDF."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


def write_letter(data: Mapping[str, Any]) -> bytes:
    """Typeset a letter.

    Args:
        data: instance, title, preamble, clauses, version, sha256, addressee, date, counted, signatories (name, specialty,
            state). Passed as JSON: nothing of it is read as markup.
    """
    # Some 30 MB that most processes never need.
    import typst

    template = files("auscult.voice").joinpath("letter.typ").read_bytes()
    return bytes(typst.compile(template, sys_inputs={"data": json.dumps(data)}))
