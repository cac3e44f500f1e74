"""The result bundle: one zip that lets a stranger check a release without database or network."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from auscult.evidence.canonical import canonical_json

FORMAT = "auscult-bundle/1"
MANIFEST, SIGNATURE, RECORD, SUMS = "manifest.json", "signature.json", "record.json", "SHA256SUMS"
#: Replies come after the bundle was signed, so they stand in a file of their own with their own proofs.
REPLIES = "replies.json"
#: Files that cannot be listed in the manifest because they are about the manifest.
ABOUT_MANIFEST = frozenset({MANIFEST, SIGNATURE, RECORD, SUMS})
#: Largest bundle a verifier reads, unpacked bytes: a guard against a zip bomb.
MOST_BYTES = 2_000_000_000


class UnreadableBundle(ValueError):
    """The file is not a bundle at all."""


def pack(contents: Mapping[str, bytes], manifest: Mapping[str, Any], signature: Any, record: Any) -> bytes:
    """Write a bundle; the same input gives the same bytes.

    Args:
        contents: path → bytes of every file the manifest lists.
        manifest: JSON data, with the SHA-256 of each of ``contents`` under ``files``.
        signature: JSON data of ``signature.json``.
        record: JSON data of ``record.json``.
    """
    files = {
        **contents,
        MANIFEST: canonical_json(manifest),
        SIGNATURE: canonical_json(signature),
        RECORD: canonical_json(record),
    }
    return write_zip(files)


def add_replies(data: bytes, replies: Any) -> bytes:
    """A bundle with its replies: appended, so that every byte that was signed stays as it was.

    Args:
        data: the bundle as it was published.
        replies: JSON data of ``replies.json``.
    """
    buffer = io.BytesIO(data)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.writestr(zipfile.ZipInfo(REPLIES, (1980, 1, 1, 0, 0, 0)), canonical_json(replies), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def write_zip(contents: Mapping[str, bytes]) -> bytes:
    """Write files and their sums as a zip; the same input gives the same bytes.

    Args:
        contents: path → bytes; SHA256SUMS is added.
    """
    files = dict(contents)
    sums = "".join(f"{sha256(files[path])}  {path}\n" for path in sorted(files))
    files[SUMS] = sums.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(files):
            # A fixed date makes the bytes reproducible.
            archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), files[path], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def require_files(files: Mapping[str, bytes]) -> None:
    """Refuse what is no result bundle.

    Raises:
        UnreadableBundle: without its four fixed files.
    """
    missing = ABOUT_MANIFEST - files.keys()
    if missing:
        raise UnreadableBundle(f"The bundle lacks {', '.join(sorted(missing))}.")


def read_zip(data: bytes) -> dict[str, bytes]:
    """Read all files of a zip.

    Raises:
        UnreadableBundle: not a zip, damaged, or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if len(names) != len(set(names)):
                raise UnreadableBundle("The zip holds two files of the same name.")
            if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
                raise UnreadableBundle(f"The zip unpacks to more than {MOST_BYTES:,} bytes.")
            return {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, zlib.error) as error:
        raise UnreadableBundle(f"This is not a readable zip file: {error}") from error


def read_json(files: Mapping[str, bytes], path: str) -> Any:
    """Parse one JSON file of a bundle.

    Raises:
        UnreadableBundle: the file is absent or not JSON.
    """
    try:
        return json.loads(files[path], parse_constant=_refuse_constant)
    except KeyError as error:
        raise UnreadableBundle(f"The bundle lacks {path}.") from error
    except ValueError as error:
        raise UnreadableBundle(f"{path} is not JSON: {error}") from error


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def read_object(files: Mapping[str, bytes], path: str) -> dict[str, Any]:
    """Parse one JSON file that must hold an object.

    Raises:
        UnreadableBundle: the file is absent, not JSON, or no object.
    """
    value = read_json(files, path)
    if not isinstance(value, dict):
        raise UnreadableBundle(f"{path} is no JSON object.")
    return value


def sha256(data: bytes) -> str:
    """SHA-256, lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()
