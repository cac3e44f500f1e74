"""The eighteen classes of identifiers, and what a finding is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class IdentifierClass(StrEnum):
    """The classes of 45 CFR 164.514(b)(2)(i), (A) to (R)."""

    NAME = "name"
    PLACE = "place smaller than a state"
    DATE = "date finer than a year, or age of 90 and more"
    TELEPHONE = "telephone number"
    FAX = "fax number"
    EMAIL = "e-mail address"
    SOCIAL_SECURITY = "social security number"
    MEDICAL_RECORD = "medical record number"
    HEALTH_PLAN = "health plan number"
    ACCOUNT = "account number"
    LICENCE = "certificate or licence number"
    VEHICLE = "vehicle identifier"
    DEVICE = "device identifier"
    URL = "web address"
    IP_ADDRESS = "IP address"
    BIOMETRIC = "biometric identifier"
    PHOTOGRAPH = "picture of a face"
    OTHER = "other unique number or characteristic"


@dataclass(frozen=True)
class Finding:
    """One place in a text.

    Attributes:
        kind: its class.
        start: index of its first character.
        end: index behind its last one.
        text: the words themselves.
        why: one sentence for the physician.
        suggestion: what could stand in its place.
    """

    kind: IdentifierClass
    start: int
    end: int
    text: str
    why: str
    suggestion: str
