"""Results out of an archive that a stranger may have made (case S41)."""

import io
import json
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from daytwo_actions.backends.wire.result_file import LARGEST_ARCHIVE, BadResult, result_in

GOOD = {"url": "https://shop.example", "count": 3, "deep": [{"ok": True, "nothing": None}], "share": 0.5}


def archive(*entries: tuple[Any, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as opened:
        for name, content in entries:
            opened.writestr(name, content)
    return target.getvalue()


def named(name: str, kind: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = kind << 16
    return info


def result(content: bytes) -> bytes:
    return archive(("result.json", content))


def lying(size: int) -> bytes:
    """An archive whose directory claims another size for the file."""
    whole = bytearray(result(b'{"a": 1}' + b" " * 5_000_000))
    at = whole.rindex(b"PK\x01\x02")
    whole[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(whole)


def encrypted() -> bytes:
    whole = bytearray(result(b"{}"))
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = whole.index(sign)
        whole[at + offset] |= 1
    return bytes(whole)


def test_an_object_is_taken_as_it_is() -> None:
    assert result_in(result(json.dumps(GOOD).encode())) == GOOD
    assert result_in(archive(("result.json", b"\xef\xbb\xbf{}"), method=zipfile.ZIP_STORED)) == {}


def test_what_else_is_in_it_is_not_looked_at() -> None:
    others = [
        ("../../etc/passwd", b"x"),
        ("/etc/shadow", b"x"),
        ("sub/result.json", b"no"),
        ("inner.zip", result(b"1")),
    ]
    assert result_in(archive(*others, (named("link", stat.S_IFLNK), b"/etc"), ("result.json", b'{"a": 1}'))) == {"a": 1}


BAD: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "no archive": lambda: b"<html>",
    "no entry": lambda: archive(),
    "another name": lambda: archive(("results.json", b"{}")),
    "in a folder": lambda: archive(("sub/result.json", b"{}")),
    "above": lambda: archive(("../result.json", b"{}")),
    "absolute": lambda: archive(("/result.json", b"{}")),
    "twice": lambda: archive(("result.json", b"{}"), ("result.jsoX", b"{}")).replace(b"jsoX", b"json"),
    "a folder": lambda: archive(("result.json/", b"")),
    "a link": lambda: archive((named("result.json", stat.S_IFLNK | 0o777), b"/etc/passwd")),
    "a device": lambda: archive((named("result.json", stat.S_IFCHR), b"{}")),
    "a name that ends early": lambda: archive((named("result.jsonXevil"), b"{}")).replace(b"nXevil", b"n\x00evil"),
    "encrypted": encrypted,
    "bzip2": lambda: archive(("result.json", b"{}"), method=zipfile.ZIP_BZIP2),
    "lzma": lambda: archive(("result.json", b"{}"), method=zipfile.ZIP_LZMA),
    "a bomb": lambda: result(b" " * 50_000_000),
    "false size, small": lambda: lying(8),
    "false size, large": lambda: lying(2**32 - 2),
    "cut": lambda: result(json.dumps(GOOD).encode())[:-30],
    "too large": lambda: archive(("result.json", b"{}"), ("x", random.Random(1).randbytes(LARGEST_ARCHIVE))),
    "too many": lambda: archive(("result.json", b"{}"), *((f"{n}", b"") for n in range(200))),
    "a list": lambda: result(b"[]"),
    "text": lambda: result(b'"x"'),
    "not JSON": lambda: result(b"{'a': 1}"),
    "NaN": lambda: result(b'{"a": NaN}'),
    "infinity": lambda: result(b'{"a": 1e999}'),
    "latin-1": lambda: result('{"a": "ü"}'.encode("latin-1")),
    "a null character": lambda: result(b'{"a": ["\\u0000"]}'),
    "a null character in a name": lambda: result(b'{"\\u0000": 1}'),
    "too deep": lambda: result(b'{"a": ' + b"[" * 30 + b"]" * 30 + b"}"),
    "far too deep": lambda: result(b"[" * 900_000),
    "a number of 5,000 digits": lambda: result(b'{"a": ' + b"9" * 5_000 + b"}"),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_what_is_not_right_is_refused_in_one_sentence(make: Callable[[], bytes]) -> None:
    with pytest.raises(BadResult) as refused:
        result_in(make())
    assert str(refused.value).startswith("it")


def test_no_broken_archive_ends_in_anything_else() -> None:
    """Each of 3,000 archives with bytes changed is read or refused, whatever the standard library thinks of it."""
    chance = random.Random(41)
    whole = archive(("result.json", json.dumps(GOOD).encode()), ("other", b"x" * 50))
    refused = 0
    for _ in range(3_000):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            result_in(bytes(broken))
        except BadResult:
            refused += 1
    assert refused > 300
