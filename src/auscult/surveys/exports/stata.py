"""Stata's file format 118, which every Stata since 14 reads, with the standard library.

Source: "Description of the .dta file format 118" (Stata 14, ``help dta_118``). Numbers are little-endian; whole numbers are of
type long, others double.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import date

#: Longest texts, characters: label of the file and of a variable.
MAX_LABEL = 80
_LONG, _DOUBLE = 65528, 65526
#: The missing value "." of type long; ".a" is the next number, ".z" the 26th.
_MISSING_LONG = 2_147_483_621
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: A whole number, a number, a letter of a missing value (``"w"`` for ``.w``), or None for ``.``.
type Cell = int | float | str | None


def write_dta(
    columns: Mapping[str, Sequence[Cell]],
    *,
    decimal: str,
    title: str,
    labels: Mapping[str, str],
    values: Mapping[str, Mapping[int | str, str]],
    day: date,
) -> bytes:
    """Write a data set.

    Args:
        columns: name (at most 32 letters) → values, all of equal length.
        decimal: the column of type double; it has no missing values.
        title: label of the data set, at most ``MAX_LABEL`` characters.
        labels: column → its label, at most ``MAX_LABEL`` characters.
        values: column → number or letter of a missing value → label; columns without labels are left out.
        day: date of the file.
    """
    names = list(columns)
    rows = len(next(iter(columns.values())))
    kinds = [_DOUBLE if name == decimal else _LONG for name in names]
    stamp = f"{day.day:02d} {_MONTHS[day.month - 1]} {day.year} 00:00".encode()
    head = b"".join(
        [
            b"<stata_dta><header><release>118</release><byteorder>LSF</byteorder>",
            _tag("K", struct.pack("<H", len(names))),
            _tag("N", struct.pack("<Q", rows)),
            _tag("label", struct.pack("<H", len(title.encode())) + title.encode()),
            _tag("timestamp", bytes([len(stamp)]) + stamp),
            b"</header>",
        ]
    )
    formats = ["%12.4f" if name == decimal else "%12.0g" for name in names]
    parts = [
        _tag("variable_types", struct.pack(f"<{len(kinds)}H", *kinds)),
        _tag("varnames", b"".join(_padded(name, 129) for name in names)),
        _tag("sortlist", bytes(2 * (len(names) + 1))),
        _tag("formats", b"".join(_padded(text, 57) for text in formats)),
        # A set of labels is called like its variable.
        _tag("value_label_names", b"".join(_padded(name if name in values else "", 129) for name in names)),
        _tag("variable_labels", b"".join(_padded(labels[name], 321) for name in names)),
        _tag("characteristics", b""),
        _tag("data", _data(columns, decimal)),
        _tag("strls", b""),
        _tag("value_labels", b"".join(_label_set(name, texts) for name, texts in values.items())),
        b"</stata_dta>",
    ]
    # The map: where the file begins, the map itself, each part, and the end.
    after_map = len(head) + len(_tag("map", bytes(14 * 8)))
    places = [0, len(head), after_map]
    for part in parts:
        places.append(places[-1] + len(part))
    return head + _tag("map", struct.pack("<14Q", *places)) + b"".join(parts)


def _tag(name: str, content: bytes) -> bytes:
    return f"<{name}>".encode() + content + f"</{name}>".encode()


def _padded(text: str, size: int) -> bytes:
    encoded = text.encode()
    if len(encoded) >= size:
        raise ValueError(f"“{text}” does not fit into {size} bytes of a Stata file.")
    return encoded.ljust(size, b"\0")


def _missing(letter: str | None) -> int:
    return _MISSING_LONG + (0 if letter is None else ord(letter) - ord("a") + 1)


def _data(columns: Mapping[str, Sequence[Cell]], decimal: str) -> bytes:
    coded = [
        values if name == decimal else [v if isinstance(v, int) else _missing(_letter(v)) for v in values]
        for name, values in columns.items()
    ]
    row = struct.Struct("<" + "".join("d" if name == decimal else "l" for name in columns))
    return b"".join(row.pack(*cells) for cells in zip(*coded, strict=True))


def _letter(value: Cell) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{value} is not a whole number.")


def _label_set(name: str, texts: Mapping[int | str, str]) -> bytes:
    coded = sorted(
        (key if isinstance(key, int) else _missing(key), text.encode() + b"\0") for key, text in texts.items()
    )
    offsets, length = [], 0
    for _, text in coded:
        offsets.append(length)
        length += len(text)
    table = struct.pack(f"<2l{2 * len(coded)}l", len(coded), length, *offsets, *(key for key, _ in coded))
    table += b"".join(text for _, text in coded)
    return _tag("lbl", struct.pack("<l", len(table)) + _padded(name, 129) + bytes(3) + table)
