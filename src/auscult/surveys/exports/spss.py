"""The system file of SPSS (.sav), uncompressed and in UTF-8, with the standard library.

Source: "System File Format" in the developers' guide of GNU PSPP, whose names of records are used here. All variables are
numbers; numbers are little-endian.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

#: Longest texts, bytes of UTF-8: label of the file, of a variable, of a value, line of a note.
MAX_TITLE, MAX_VARIABLE_LABEL, MAX_VALUE_LABEL, MAX_NOTE = 64, 255, 120, 80
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MEASURES = {"nominal": 1, "ordinal": 2, "scale": 3}
_F_FORMAT = 5
_UTF8 = 65001


@dataclass(frozen=True)
class Variable:
    """A variable of the file.

    Attributes:
        label: at most ``MAX_VARIABLE_LABEL`` bytes.
        values: number → label of at most ``MAX_VALUE_LABEL`` bytes; none for a quantity.
        missing: the number that is declared missing, or None.
        decimals: decimals that are shown.
    """

    name: str
    label: str
    measure: Literal["nominal", "ordinal", "scale"]
    values: Mapping[int, str]
    missing: int | None
    decimals: int = 0


def write_sav(
    variables: Sequence[Variable],
    columns: Sequence[Sequence[float]],
    *,
    title: str,
    notes: Sequence[str],
    day: date,
) -> bytes:
    """Write a data set.

    Args:
        variables: the variables in order.
        columns: the values of each, all of equal length, none missing but by declaration.
        title: label of the file, at most ``MAX_TITLE`` bytes.
        notes: lines of at most ``MAX_NOTE`` bytes.
        day: date of the file.
    """
    short = [f"V{number}" for number in range(1, len(variables) + 1)]
    rows = len(columns[0])
    parts = [_header(len(variables), rows, title, day)]
    parts += [_variable(name, variable) for name, variable in zip(short, variables, strict=True)]
    parts += [_value_labels(index, v.values) for index, v in enumerate(variables, start=1) if v.values]
    if notes:
        lines = b"".join(_padded(line, MAX_NOTE) for line in notes)
        parts.append(struct.pack("<2i", 6, len(notes)) + lines)
    compression, little_endian, floating = 1, 2, 1
    numbers = struct.pack("<8i", 1, 0, 0, -1, floating, compression, little_endian, _UTF8)
    parts.append(_extension(3, 4, numbers))
    highest = sys.float_info.max
    parts.append(_extension(4, 8, struct.pack("<3d", -highest, highest, math.nextafter(-highest, 0))))
    width, right = 12, 1
    display = [struct.pack("<3i", _MEASURES[variable.measure], width, right) for variable in variables]
    parts.append(_extension(11, 4, b"".join(display)))
    long_names = "\t".join(f"{name}={variable.name}" for name, variable in zip(short, variables, strict=True))
    parts.append(_extension(13, 1, long_names.encode()))
    parts.append(_extension(16, 8, struct.pack("<2q", 1, rows)))
    parts.append(_extension(20, 1, b"UTF-8"))
    parts.append(struct.pack("<2i", 999, 0))
    row = struct.Struct(f"<{len(variables)}d")
    parts += [row.pack(*cells) for cells in zip(*columns, strict=True)]
    return b"".join(parts)


def _padded(text: str, size: int) -> bytes:
    encoded = text.encode()
    if len(encoded) > size:
        raise ValueError(f"“{text}” does not fit into {size} bytes of an SPSS file.")
    return encoded.ljust(size)


def _header(variables: int, rows: int, title: str, day: date) -> bytes:
    layout, uncompressed, no_weight, bias = 2, 0, 0, 100.0
    return b"".join(
        [
            b"$FL2",
            _padded("@(#) SPSS DATA FILE - Auscult", 60),
            struct.pack("<5id", layout, variables, uncompressed, no_weight, rows, bias),
            f"{day.day:02d} {_MONTHS[day.month - 1]} {day.year % 100:02d}00:00:00".encode(),
            _padded(title, MAX_TITLE),
            bytes(3),
        ]
    )


def _variable(short: str, variable: Variable) -> bytes:
    numeric, label = 0, variable.label.encode()
    if len(label) > MAX_VARIABLE_LABEL:
        raise ValueError(f"The label of {variable.name} is longer than {MAX_VARIABLE_LABEL} bytes.")
    shown = _F_FORMAT << 16 | (12 if variable.decimals else 8) << 8 | variable.decimals
    missing = [] if variable.missing is None else [float(variable.missing)]
    return b"".join(
        [
            struct.pack("<6i", 2, numeric, bool(label), len(missing), shown, shown),
            _padded(short, 8),
            struct.pack("<i", len(label)) + label + bytes(-len(label) % 4) if label else b"",
            struct.pack(f"<{len(missing)}d", *missing),
        ]
    )


def _value_labels(index: int, values: Mapping[int, str]) -> bytes:
    written = [struct.pack("<2i", 3, len(values))]
    for number, text in values.items():
        label = text.encode()
        if len(label) > MAX_VALUE_LABEL:
            raise ValueError(f"The label “{text}” is longer than {MAX_VALUE_LABEL} bytes.")
        written.append(struct.pack("<d", number) + (bytes([len(label)]) + label).ljust(-(-(len(label) + 1) // 8) * 8))
    return b"".join([*written, struct.pack("<3i", 4, 1, index)])


def _extension(subtype: int, size: int, content: bytes) -> bytes:
    return struct.pack("<4i", 7, subtype, size, len(content) // size) + content
