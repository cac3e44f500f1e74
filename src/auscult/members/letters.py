"""Letters and fax sheets that carry a code to a registered practice."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.resources import files

from django.conf import settings

from auscult.members.queries.verifiers import CodeSheet
from auscult.members.rules import Via


def typeset_code_sheet(sheet: CodeSheet, now: datetime) -> bytes:
    """The letter to post, the sheet to fax, or the card to read from on the telephone, as PDF.

    Nothing of what is passed is read as markup. The letter names neither a handle nor that anybody wrote anything.
    """
    data = {
        "instance": settings.INSTANCE_NAME,
        "via": sheet.via.value,
        "name": sheet.name,
        "to": sheet.value.splitlines() if sheet.via == Via.POST else [sheet.value],
        "code": f"{sheet.code[:4]} {sheet.code[4:]}",
        "until": f"{sheet.until:%-d %B %Y}",
        "date": f"{now:%-d %B %Y}",
    }
    # Some 30 MB that most processes never need.
    import typst

    template = files("auscult.members").joinpath("code_sheet.typ").read_bytes()
    return bytes(typst.compile(template, sys_inputs={"data": json.dumps(data)}))
