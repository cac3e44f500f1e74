"""Apache Parquet with the standard library: one row group of columns without missing values.

Source: ``parquet.thrift`` and "Encodings" of the format (version 2.11); metadata are in Thrift's compact protocol. Pages are
PLAIN and compressed by gzip, which every reader knows. docs/adr/0004 says why no library does this.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

_MAGIC = b"PAR1"
#: Thrift's compact types.
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
#: Parquet's types, encodings, codec.
_INT64, _DOUBLE, _BYTE_ARRAY = 2, 5, 6
_PLAIN, _RLE, _GZIP = 0, 3, 2

type _Field = tuple[int, int, bytes]
type Column = Sequence[str | float | int]


def write_parquet(columns: Mapping[str, Column], kinds: Mapping[str, type[str | float | int]]) -> bytes:
    """Write columns of equal length; the same columns give the same bytes.

    Args:
        columns: name → values, none missing.
        kinds: name → ``str``, ``float`` (64 bits) or ``int`` (64 bits).
    """
    rows = len(next(iter(columns.values())))
    file = bytearray(_MAGIC)
    chunks = []
    size = 0
    for name, values in columns.items():
        start = len(file)
        page = _plain(values, kinds[name])
        compressor = zlib.compressobj(wbits=31)  # gzip, whose time stamp zlib leaves at zero
        packed = compressor.compress(page) + compressor.flush()
        about = _struct((1, _I32, _int(rows)), (2, _I32, _int(_PLAIN)), (3, _I32, _int(_RLE)), (4, _I32, _int(_RLE)))
        header = _struct(
            (1, _I32, _int(0)), (2, _I32, _int(len(page))), (3, _I32, _int(len(packed))), (5, _STRUCT, about)
        )
        file += header + packed
        size += len(header) + len(page)
        meta = _struct(
            (1, _I32, _int(_physical(kinds[name]))),
            (2, _LIST, _list(_I32, [_int(_PLAIN)])),
            (3, _LIST, _list(_BINARY, [_text(name)])),
            (4, _I32, _int(_GZIP)),
            (5, _I64, _int(rows)),
            (6, _I64, _int(len(header) + len(page))),
            (7, _I64, _int(len(header) + len(packed))),
            (9, _I64, _int(start)),
        )
        chunks.append(_struct((2, _I64, _int(start)), (3, _STRUCT, meta)))
    group = _struct((1, _LIST, _list(_STRUCT, chunks)), (2, _I64, _int(size)), (3, _I64, _int(rows)))
    schema = [_struct((4, _BINARY, _text("schema")), (5, _I32, _int(len(columns))))]
    schema += [_schema_element(name, kinds[name]) for name in columns]
    footer = _struct(
        (1, _I32, _int(1)),
        (2, _LIST, _list(_STRUCT, schema)),
        (3, _I64, _int(rows)),
        (4, _LIST, _list(_STRUCT, [group] if rows else [])),
        (6, _BINARY, _text("Auscult")),
    )
    return bytes(file + footer) + struct.pack("<I", len(footer)) + _MAGIC


def _physical(kind: type) -> int:
    return {str: _BYTE_ARRAY, float: _DOUBLE, int: _INT64}[kind]


def _plain(values: Column, kind: type) -> bytes:
    if kind is str:
        texts = [str(value).encode() for value in values]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return struct.pack(f"<{len(values)}{'d' if kind is float else 'q'}", *values)


def _schema_element(name: str, kind: type) -> bytes:
    required = 0
    fields: list[_Field] = [(1, _I32, _int(_physical(kind))), (3, _I32, _int(required)), (4, _BINARY, _text(name))]
    if kind is str:
        # Text both as old readers know it (converted type UTF8) and as new ones do (logical type STRING).
        fields += [(6, _I32, _int(0)), (10, _STRUCT, _struct((1, _STRUCT, _struct())))]
    return _struct(*fields)


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])


def _int(number: int) -> bytes:
    """A number of no sign in Thrift's zigzag, which doubles it."""
    return _varint(2 * number)


def _text(text: str) -> bytes:
    return _varint(len(text.encode())) + text.encode()


def _list(kind: int, items: Sequence[bytes]) -> bytes:
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + _varint(len(items))
    return head + b"".join(items)


def _struct(*fields: _Field) -> bytes:
    written = bytearray()
    previous = 0
    for number, kind, value in fields:
        written += bytes([(number - previous) << 4 | kind]) + value
        previous = number
    return bytes(written) + b"\0"
