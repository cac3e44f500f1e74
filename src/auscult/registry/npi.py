"""The National Provider Identifier."""

from __future__ import annotations

from functools import lru_cache

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def normalise_npi(text: str) -> str:
    """Remove what people type around the digits: blanks and hyphens. Other characters stay and will be refused."""
    return text.translate({ord(c): None for c in " -\u00a0\t\r\n"})


def is_npi(text: str) -> bool:
    """Whether the text is a possible NPI: ten ASCII digits, the first 1 or 2, with a right check digit.

    The check digit is Luhn's over ``80840`` and the first nine digits (45 CFR 162.406).
    """
    return text.isascii() and is_npi_bytes(text.encode())


def is_npi_bytes(text: bytes) -> bool:
    """``is_npi`` of bytes, by two look-ups; a register file has nine million of them."""
    if len(text) != 10 or not text.isdigit() or text[0] not in b"12":
        return False
    first, second = _luhn_sums()
    # 24 is the Luhn sum of the constant prefix 80840.
    return (24 + first[int(text[:5])] + second[int(text[5:])]) % 10 == 0


@lru_cache(maxsize=1)
def _luhn_sums() -> tuple[bytes, bytes]:
    """Luhn sums modulo 10 of the first five digits (doubled at 0, 2, 4) and of the last five (doubled at 1, 3)."""

    def sums(doubled: tuple[int, ...]) -> bytes:
        found = [0]
        for place in range(5):
            values = _DOUBLED if place in doubled else tuple(range(10))
            found = [(total + value) % 10 for total in found for value in values]
        return bytes(found)

    return sums((0, 2, 4)), sums((1, 3))


def check_digit(nine: str) -> str:
    """Check digit of nine digits."""
    total = 24 + sum(_DOUBLED[int(d)] if i % 2 == 0 else int(d) for i, d in enumerate(nine))
    return str(-total % 10)
