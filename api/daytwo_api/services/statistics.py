"""Runs in numbers, for who asks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from daytwo_api.asker import Asker
from daytwo_api.services.onlooking import onlooker
from daytwo_api.services.stretches import parts, step_of, stretch, zone_named
from daytwo_api.views.statistics import ActionCount, RunCount, RunPart, RunStatistics
from daytwo_store import definitions
from daytwo_store.engine import Store
from daytwo_store.run_listing import RunFilter
from daytwo_store.run_statistics import Tally, tally

_MOST: Final = 50  # actions that are told apart
_NONE: Final = RunCount(runs=0, succeeded=0, failed=0, open=0, other=0, median_seconds=None)


class Statistics:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def runs(self, by: Asker, wanted: RunFilter, zone: str) -> RunStatistics:
        """Raises `Rejected`."""
        place = zone_named(zone)
        async with self._store.read() as session:
            begin, end = stretch(wanted.since, wanted.until, now=await self._store.clock.now(session))
            step = step_of(begin, end)
            starts = parts(begin, end, step, place)
            found = await tally(session, wanted, starts, until=end, by=onlooker(by))
            titles = {row.name: _title(row.document, row.name) for row in await definitions.current(session)}
        counted = {(one.action, one.part): _count(one) for one in found}
        return RunStatistics(
            since=begin,
            until=end,
            step=step,
            whole=counted.get((None, None), _NONE),
            parts=_parts(starts, end, counted),
            actions=_actions(counted, titles, len(starts)),
        )


def _count(one: Tally) -> RunCount:
    return RunCount(
        runs=one.runs,
        succeeded=one.succeeded,
        failed=one.failed,
        open=one.open,
        other=one.runs - one.succeeded - one.failed - one.open,
        median_seconds=one.median.total_seconds() if one.median is not None else None,
    )


Counted = Mapping[tuple[str | None, int | None], RunCount]


def _parts(starts: Sequence[datetime], end: datetime, counted: Counted) -> list[RunPart]:
    ends = [*starts[1:], end]
    return [
        RunPart(start=start, end=until, **dict(counted.get((None, number), _NONE)))
        for number, (start, until) in enumerate(zip(starts, ends, strict=True))
    ]


def _actions(counted: Counted, titles: Mapping[str, str], length: int) -> list[ActionCount]:
    whole = {action: count for (action, part), count in counted.items() if action is not None and part is None}
    busiest = sorted(whole, key=lambda action: (-whole[action].runs, action))[:_MOST]
    return [
        ActionCount(
            action=action,
            title=titles.get(action, action),
            parts=[counted.get((action, part), _NONE) for part in range(length)],
            **dict(whole[action]),
        )
        for action in busiest
    ]


def _title(document: Mapping[str, object], name: str) -> str:
    metadata = document.get("metadata")
    return str(metadata.get("title") or name) if isinstance(metadata, dict) else name
