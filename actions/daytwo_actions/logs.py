"""From a CI system's bytes to lines that may be kept and shown (A12). Pure.

bytes → UTF-8 → masked across chunk borders → lines of at most 64 KB → control characters filtered (ANSI colours stay)
→ cut at the run's limit with a visible marker.
"""

import base64
import codecs
import json
import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote

LINE_LIMIT: Final = 64 * 1024
MASK: Final = "***"
CUT_MARK: Final = "… the log is longer than what is kept of one run; the rest is in the CI system"
_SHORTEST_SECRET: Final = 6  # masking shorter ones would blot out ordinary words
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_ESCAPE: Final = re.compile(r"\x1b(?!\[[0-9;]{0,32}m)(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)?|.?)")
_ERROR: Final = re.compile(r"##\[error\]|::error|\berror\b[:!]|\bERROR\b|Traceback \(most recent", re.ASCII)
_VENDOR_ERROR: Final = re.compile(r"##\[error\]|::error")


def encodings_of(secret: str) -> set[str]:
    """The secret in every encoding in which tools usually print it; values that are too short are left out."""
    raw = secret.encode()
    forms = {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        raw.hex(),
        raw.hex().upper(),
        *(line for line in secret.splitlines()),
    }
    return {form for form in forms if len(form) >= _SHORTEST_SECRET}


class Masker:
    """Replaces secrets in a stream, also where one is split over two pieces."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = sorted({form for secret in secrets for form in encodings_of(secret)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None
        self._forms = forms
        self._longest = len(forms[0]) if forms else 0
        self._held = ""

    def feed(self, text: str) -> str:
        """What can be given out; the end is held back as long as a secret may begin in it."""
        if self._pattern is None:
            return text
        text = self._pattern.sub(MASK, self._held + text)
        keep = min(len(text), self._longest - 1)
        given, self._held = text[: len(text) - keep], text[len(text) - keep :]
        return given

    def settled(self) -> str:
        """What of the end that is held back no secret can begin in."""
        at = next((at for at in range(len(self._held)) if self._begins(self._held[at:])), len(self._held))
        given, self._held = self._held[:at], self._held[at:]
        return given

    def _begins(self, end: str) -> bool:
        return any(form.startswith(end) for form in self._forms)

    def end(self) -> str:
        held, self._held = self._held, ""
        return self._pattern.sub(MASK, held) if self._pattern else held


class Cleaner:
    """Feed it bytes, get whole clean lines; `end` gives the rest. `limit` is in characters of the whole log."""

    def __init__(self, *, secrets: Sequence[str], limit: int) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._masker = Masker(secrets)
        self._left = limit
        self._line = ""
        self._cut = False

    @property
    def cut(self) -> bool:
        """The limit is reached and `CUT_MARK` was given: what is fed from now on is thrown away."""
        return self._cut

    def feed(self, piece: bytes) -> list[str]:
        return self._split(self._masker.feed(self._decoder.decode(piece)))

    def settled(self) -> list[str]:
        """The whole lines of a log that still grows: what has come so far, without a line that may go on."""
        return self._split(self._masker.settled())

    def end(self) -> list[str]:
        lines = self._split(self._masker.feed(self._decoder.decode(b"", True)) + self._masker.end())
        if self._line:
            lines += self._count([self._line])
            self._line = ""
        return lines

    def _split(self, text: str) -> list[str]:
        *whole, self._line = (self._line + text.replace("\r\n", "\n")).split("\n")
        while len(self._line) > LINE_LIMIT:
            whole.append(self._line[:LINE_LIMIT])
            self._line = self._line[LINE_LIMIT:]
        return self._count([part for line in whole for part in _parts(line)])

    def _count(self, lines: list[str]) -> list[str]:
        kept: list[str] = []
        for line in lines:
            if self._cut:
                break
            clean = _CONTROL.sub("\ufffd", _ESCAPE.sub("", line.lstrip("\ufeff").rstrip("\r")))
            self._left -= len(clean) + 1
            if self._left < 0:
                self._cut = True
                kept.append(CUT_MARK)
                break
            kept.append(clean)
        return kept


def _parts(line: str) -> list[str]:
    return [line[at : at + LINE_LIMIT] for at in range(0, len(line), LINE_LIMIT)] or [""]


def vendor_error(lines: Sequence[str]) -> int | None:
    """The index of the first line that the CI system itself marks as an error."""
    return next((index for index, line in enumerate(lines) if _VENDOR_ERROR.search(line)), None)


def first_error(lines: Sequence[str]) -> int | None:
    """The index of the line that most likely says what went wrong: the vendor's own mark before a guess."""
    for pattern in (_VENDOR_ERROR, _ERROR):
        for index, line in enumerate(lines):
            if pattern.search(line):
                return index
    return None
