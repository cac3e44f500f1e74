"""The site without its limits on tries, for ``bench/enumeration.py`` alone: so the answers themselves can be compared."""

from dataclasses import replace

from auscult.config.wsgi import application
from auscult.members import limits

for _name in ("CLAIMS_BY_ACCOUNT", "CLAIMS_BY_ADDRESS", "CLAIMS_BY_RECORD"):
    setattr(limits, _name, replace(getattr(limits, _name), most=1_000_000_000))

__all__ = ["application"]
