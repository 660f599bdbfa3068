"""`result.json` out of a zip archive that a stranger may have made: bounded, in memory, nothing else is looked at.

Names and links in the archive lead nowhere, because nothing is written anywhere: one entry with exactly this name is
read, and not more of it than is allowed, whatever sizes the archive claims.
"""

import io
import json
import stat
import zipfile
import zlib
from typing import Final, cast

from pydantic import JsonValue

FILE: Final = "result.json"
LARGEST_ARCHIVE: Final = 1_000_000  # bytes
_LARGEST_FILE: Final = 1_000_000  # bytes, unpacked
_MOST_ENTRIES: Final = 100
_DEEPEST: Final = 20
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1


class BadResult(Exception):
    """The results cannot be taken; the text says why, as the end of a sentence."""


def result_in(archive: bytes) -> dict[str, JsonValue]:
    """The object in `result.json`. Raises `BadResult`."""
    if len(archive) > LARGEST_ARCHIVE:
        raise BadResult(f"it has more than {LARGEST_ARCHIVE} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return _object(_content(opened, _entry(opened)))
    # What the standard library raises for archives that are broken in one way or another.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise BadResult("it is not a zip archive that can be read") from None


def _entry(opened: zipfile.ZipFile) -> zipfile.ZipInfo:
    entries = opened.infolist()
    if len(entries) > _MOST_ENTRIES:
        raise BadResult(f"it has more than {_MOST_ENTRIES} entries")
    # `orig_filename`, since `filename` ends at a null character and has other separators replaced.
    named = [one for one in entries if FILE in (one.orig_filename, one.filename)]
    if len(named) != 1:
        raise BadResult(f"it has no {FILE} at its top" if not named else f"it has {FILE} more than once")
    entry = named[0]
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.orig_filename != FILE or entry.is_dir() or kind not in {0, stat.S_IFREG}:
        raise BadResult(f"its {FILE} is not a plain file")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise BadResult(f"its {FILE} is encrypted or packed in an unusual way")
    return entry


def _content(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with opened.open(entry) as file:
        content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise BadResult(f"its {FILE} has more than {_LARGEST_FILE} bytes")
    return content


def _object(content: bytes) -> dict[str, JsonValue]:
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
        fits = _fits(document, _DEEPEST)
    except (ValueError, RecursionError):
        raise BadResult(f"its {FILE} is not JSON in UTF-8") from None
    if not isinstance(document, dict):
        raise BadResult(f"its {FILE} is not an object of names and values")
    if not fits:
        raise BadResult(f"its {FILE} is nested deeper than {_DEEPEST} levels or has a null character in a text")
    return cast("dict[str, JsonValue]", document)


def _fits(value: object, depth: int) -> bool:
    if isinstance(value, str):
        return "\x00" not in value
    if isinstance(value, dict):
        return depth > 0 and all(_fits(one, depth - 1) for pair in value.items() for one in pair)
    return not isinstance(value, list) or (depth > 0 and all(_fits(one, depth - 1) for one in value))


def _finite(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise ValueError
    return value


def _refuse(_: str) -> object:
    raise ValueError
