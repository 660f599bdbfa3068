"""Secrets in text that is going to be kept or shown: found in every usual encoding, wherever the text is cut. Pure.

What overlaps is masked together, so that neither a secret that begins with another one nor one that ends in it leaves a
rest. Masking comes before anything is cut off or split into lines.
"""

import base64
import html
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "***"
SHORTEST: Final = 4  # characters of what is looked for; a form does not take a shorter secret
_SHORTEST_LINE: Final = 6  # of one line of a longer secret: it may be an ordinary word
_WRAPPED: Final = (64, 76)  # characters of a line, as openssl and base64 write them
_SHELL: Final = re.compile(r"([^A-Za-z0-9_@%+=:,./-])")
_PERCENT: Final = re.compile(r"%[0-9A-F]{2}")


def encodings_of(secret: str) -> set[str]:
    """The secret in every encoding in which tools usually print it; what is too short to be told apart is left out."""
    whole = {form for text in {secret, secret.strip()} for form in _written(text) if len(form) >= SHORTEST}
    lines = {line.strip() for line in secret.splitlines()} if "\n" in secret or "\r" in secret else set()
    return whole | {line for line in lines if len(line) >= _SHORTEST_LINE}


def _written(text: str) -> Iterator[str]:
    raw = text.encode(errors="replace")
    yield text
    yield text[::-1]
    if "\n" in text:
        yield text.replace("\n", "\r\n")
        yield " ".join(text.split())  # as a shell prints it that was not told to keep its lines
    for escaped in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], html.escape(text)):
        yield escaped
        yield json.dumps(escaped)[1:-1]  # JSON in JSON
    for percent in (
        quote(text, safe="", errors="replace"),
        quote(text, errors="replace"),
        quote_plus(text, errors="replace"),
    ):
        yield percent
        yield _PERCENT.sub(lambda sign: sign[0].lower(), percent)
    yield _SHELL.sub(r"\\\1", text)
    yield shlex.quote(text).strip("'")
    yield raw.hex()
    yield raw.hex().upper()
    for coded in _base64(raw):
        yield coded
        yield coded.replace("+", "-").replace("/", "_")


def _base64(raw: bytes) -> Iterator[str]:
    """As it stands in base64 of itself, and of something in which it begins one or two bytes later: the signs that are
    the same whatever stands around it; with nothing after it, or a line end, all of them."""
    for before in range(3):
        begin = -(-before * 8 // 6)
        yield base64.b64encode(b"\0" * before + raw).decode()[begin : (before + len(raw)) * 8 // 6]
        for after in (b"", b"\n"):
            coded = base64.b64encode(b"\0" * before + raw + after).decode()
            yield coded[begin:].rstrip("=")
            yield coded[begin:]
    coded = base64.b64encode(raw).decode().rstrip("=")
    for width in _WRAPPED:
        if len(coded) > width:
            yield from (coded[at : at + width] for at in range(0, len(coded), width))


class Masker:
    """Replaces secrets in a stream, also where one is split over two pieces."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._forms = sorted({form for secret in secrets for form in encodings_of(secret)}, key=len, reverse=True)
        self._longest = len(self._forms[0]) if self._forms else 0
        self._by_first: dict[str, list[str]] = {}
        for form in self._forms:
            self._by_first.setdefault(form[0], []).append(form)
        self._held = ""
        self._told = 0  # characters at the start of `held` that belong to a secret whose mask was given out

    def feed(self, text: str) -> str:
        """What can be given out; the end is held back as long as a secret may begin in it."""
        if not self._forms:
            return text
        self._held += text
        return self._give(len(self._held) - self._longest + 1)

    def settled(self) -> str:
        """What of the end that is held back no secret can begin in."""
        return self._give(next((at for at in range(len(self._held)) if self._may_begin(at)), len(self._held)))

    def _may_begin(self, at: int) -> bool:
        rest = self._held[at:]
        return any(form.startswith(rest) for form in self._by_first.get(rest[0], ()))

    def end(self) -> str:
        return self._give(len(self._held))

    def _give(self, upto: int) -> str:
        """Everything before a place, masked; the rest is held back."""
        if upto <= 0:
            return ""
        out: list[str] = []
        at, told = 0, self._told
        for start, stop in self._found():
            if start >= upto:
                break
            out.append(self._held[at:start])
            if not (start == 0 and told):
                out.append(MASK)
            at = stop
        out.append(self._held[at:upto])
        self._told = max(0, at - upto)
        self._held = self._held[upto:]
        return "".join(out)

    def _found(self) -> list[tuple[int, int]]:
        """Where secrets stand, in order; what overlaps is one place."""
        places = [(0, self._told)] if self._told else []
        for form in self._forms:
            at = self._held.find(form)
            while at >= 0:
                places.append((at, at + len(form)))
                at = self._held.find(form, at + 1)
        merged: list[tuple[int, int]] = []
        for start, stop in sorted(places):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
            else:
                merged.append((start, stop))
        return merged


def masked(text: str, secrets: Iterable[str]) -> str:
    """One text that is there as a whole."""
    masker = Masker(secrets)
    return masker.feed(text) + masker.end()
