"""The server walks the chain of the audit and compares it with the checkpoints that it has.

It trusts itself in that: whoever does not, runs `daytwo audit verify` beside a copy (`daytwo_store.audit_check`).
"""

import asyncio
import time
from pathlib import Path
from typing import Final

from daytwo_api.views.audit import AuditVerification
from daytwo_store.audit_check import Broken, Whole, verify
from daytwo_store.checkpoints import Checkpoint, read_lines
from daytwo_store.engine import Store
from daytwo_store.errors import Conflict, Unavailable
from daytwo_store.signing import KeyRing

_SECONDS: Final = 120.0
_PAGE: Final = 500  # entries: hashing so many keeps others of this process waiting for about 10 ms


class Verification:
    """`outside`: the file that checkpoints are appended to, where this process can read it. One walk at a time."""

    def __init__(self, store: Store, trusted: KeyRing, outside: Path | None, *, seconds: float = _SECONDS) -> None:
        self._store = store
        self._trusted = trusted
        self._outside = outside
        self._seconds = seconds
        self._walking = False
        self._at = 0

    async def verify(self) -> AuditVerification:
        """Raises `Conflict` while it is being done, `Unavailable` when it takes too long."""
        if self._walking:
            raise Conflict(
                f"The audit is being verified for somebody else, and entries up to {self._at} hold so far. "
                "Nothing was begun. Ask again in a minute."
            )
        self._walking, self._at = True, 0
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds), self._store.read() as session:
                found = await verify(
                    session,
                    keys=self._trusted,
                    outside=await asyncio.to_thread(self._checkpoints),
                    progress=self._note,
                    page=_PAGE,
                )
        except TimeoutError:
            raise Unavailable(
                f"After {self._seconds:.0f} s it was given up: entries up to {self._at} hold, and what comes after "
                "them was not looked at. Nothing was changed. Run `daytwo audit verify`: it takes as long as it takes."
            ) from None
        finally:
            self._walking = False
        return _view(found, time.monotonic() - began)

    def _note(self, n: int) -> None:
        self._at = n

    def _checkpoints(self) -> list[Checkpoint]:
        if self._outside is None or not self._outside.exists():
            return []
        with self._outside.open(encoding="utf-8", errors="replace") as lines:
            return read_lines(lines)[0]


_NOTHING: Final = Whole(first=0, last=0, checkpoints=0, outside=0, sealed=0, unchecked=0)


def _view(found: Broken | Whole, seconds: float) -> AuditVerification:
    broken = found if isinstance(found, Broken) else None
    known = found if isinstance(found, Whole) else _NOTHING
    return AuditVerification(
        holds=broken is None,
        broken_at=broken.n if broken else None,
        what=broken.what if broken else None,
        first=known.first,
        last=known.last,
        checkpoints=known.checkpoints,
        outside=known.outside,
        sealed=known.sealed,
        unchecked=known.unchecked,
        seconds=seconds,
    )
