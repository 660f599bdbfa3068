"""Who wrote an entity, as somebody may know it: a run that they do not see is not named."""

from collections.abc import Collection, Mapping
from typing import Final

from daytwo_store.engine import Session
from daytwo_store.run_visibility import Onlooker, among

FILE: Final = "file"  # which one it was is the operator's business
RUN: Final = "run"  # one that is not shown
_RUN: Final = "run:"


async def written_by(session: Session, writers: Collection[str], by: Onlooker) -> Mapping[str, str]:
    """Each writer ("file:<name>", "run:r_…") with what is told of it: "file", "run:r_…" or "run"."""
    seen = await among(session, {one.removeprefix(_RUN) for one in writers if one.startswith(_RUN)}, by)
    return {one: _told(one, seen) for one in writers}


def _told(writer: str, seen: Collection[str]) -> str:
    if writer.startswith(_RUN):
        return writer if writer.removeprefix(_RUN) in seen else RUN
    return FILE if writer.startswith("file:") else writer
