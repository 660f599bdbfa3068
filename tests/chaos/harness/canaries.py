"""I7: where the secrets of the house may not stand, and in which forms they are looked for there.

Forms are made here, and not by what masks them: a shared mistake would not show. Base64 is found wherever a secret
stands in what was encoded, by the characters that only it decides.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql

CORE: Final = "CanaryOfTheYard7f3"  # in every secret that is typed in: letters that no encoding but these two changes
TYPED: Final = tuple(f'{CORE}-{number:02}/+ü"\\' for number in range(20))
_SHORTEST: Final = 8
_PIECE: Final = 1 << 24
_NOT_LOGS: Final = "stand-in"  # a CI system has our token: it is where that belongs


def forms(secrets: Mapping[str, str]) -> dict[bytes, str]:
    """What is looked for, and which secret it is of."""
    found: dict[bytes, str] = {}
    for name, secret in secrets.items():
        raw = secret.encode()
        escaped = json.dumps(secret)[1:-1]
        whole = {raw, escaped.encode(), json.dumps(escaped)[1:-1].encode(), quote(secret, safe="").encode()}
        lines = {line.strip().encode() for line in secret.splitlines()} if "\n" in secret else set()
        coded = {raw.hex().encode(), raw.hex().upper().encode(), *_base64(raw)}
        for form in whole | lines | coded:
            if len(form) >= _SHORTEST:
                found[form] = name
    return found


def _base64(raw: bytes) -> Iterator[bytes]:
    for offset in range(3):
        coded = b64encode(b"\0" * offset + raw)
        inner = coded[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def hits(content: bytes, wanted: Mapping[bytes, str]) -> list[str]:
    """Secrets that stand in it."""
    return sorted({name for form, name in wanted.items() if form in content})


class Places:
    """Everything that is kept, piece by piece: every table, Temporal's file, our logs as far as they are new."""

    def __init__(self, database_url: str, data: Path) -> None:
        self._url = database_url
        self._data = data
        self._read: dict[Path, int] = {}
        self._overlap = 4096  # bytes of a log that are looked at again: a line may have been half written

    def all(self) -> Iterator[tuple[str, bytes]]:
        yield from self._tables()
        for file in sorted((self._data / "temporal").glob("temporal.db*")):
            yield f"Temporal's {file.name}", _content(file, 0)
        for file in sorted((self._data / "logs").glob("*.log")):
            if _NOT_LOGS not in file.name:
                begin = max(0, self._read.get(file, 0) - self._overlap)
                content = _content(file, begin)
                self._read[file] = begin + len(content)
                yield f"the log {file.name}", content

    def _tables(self) -> Iterator[tuple[str, bytes]]:
        with psycopg.connect(self._url) as connection:
            names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (name,) in sorted(names):
                query = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(name))
                piece = bytearray()
                with connection.cursor() as cursor, cursor.copy(query) as rows:
                    for row in rows:
                        piece += row
                        if len(piece) > _PIECE:
                            yield f"the table {name}", bytes(piece).replace(b"\\\\", b"\\")
                            piece.clear()
                yield f"the table {name}", bytes(piece).replace(b"\\\\", b"\\")


def _content(file: Path, begin: int) -> bytes:
    try:
        with file.open("rb") as content:
            content.seek(begin)
            return content.read()
    except FileNotFoundError:
        return b""
