"""The National Provider Identifier."""

from __future__ import annotations

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def normalise_npi(text: str) -> str:
    """Remove what people type around the digits: blanks and hyphens. Other characters stay and will be refused."""
    return text.translate({ord(c): None for c in " -\u00a0\t\r\n"})


def is_npi(text: str) -> bool:
    """Whether the text is a possible NPI: ten ASCII digits, the first 1 or 2, with a right check digit.

    The check digit is Luhn's over ``80840`` and the first nine digits (45 CFR 162.406).
    """
    if len(text) != 10 or not text.isascii() or not text.isdigit() or text[0] not in "12":
        return False
    return check_digit(text[:9]) == text[9]


def check_digit(nine: str) -> str:
    """Check digit of nine digits."""
    # 24 is the Luhn sum of the constant prefix 80840.
    total = 24 + sum(_DOUBLED[int(d)] if i % 2 == 0 else int(d) for i, d in enumerate(nine))
    return str(-total % 10)
