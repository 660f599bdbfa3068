"""The poller of one connection (A7): one listing for all open runs of a repository, at a pace that its budget allows.

Nothing is polled per run, except what somebody looks at right now, and live logs as far as there is room.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Final

import structlog

from daytwo_actions.backends.base import ExternalState, Hint, Target
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_store import attempts, connections, externals
from daytwo_store.connections import Polling
from daytwo_store.errors import DaytwoError
from daytwo_store.externals import Project
from daytwo_store.ids import AttemptNo, ExternalRunId, RunId, StepPath
from daytwo_store.tables import ExternalRunRow
from daytwo_workflows.life import limits
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.looking import look
from daytwo_workflows.life.noting import apply_state
from daytwo_workflows.life.pace import Pace, Wish, allowed, pace_of
from daytwo_workflows.life.vendor_words import cut

log = structlog.get_logger()
_BEAT: Final = 1.0  # seconds between two signs of life during a read
_AT_ONCE: Final = 4  # projects
_WATCHED: Final = 50  # runs that are looked at for people at one time
_QUIETLY: Final = 2  # live logs that nobody has open, in one glance
_REPORT_EVERY: Final = 15.0  # seconds


class Poller:
    """Made anew with each activity. `streams` says how the connection's stream of events is, for people."""

    def __init__(self, life: Life, connection: str, beat: Callable[[], None]) -> None:
        self._life = life
        self._connection = connection
        self._beat = beat
        self._due: dict[str, float] = {}  # of each project, by the loop's clock
        self._cost: dict[str, float] = {}  # requests of one look at it
        self._polled = 0  # requests of all looks at projects
        self._looked: dict[str, float] = {}  # external runs, when somebody's look was last answered
        self._hinted: dict[tuple[str, str], None] = {}  # project and external run, told of by a stream
        self._reported = 0.0
        self.streams: str | None = None
        self.projects: Sequence[Project] = ()

    def hint(self, told: Hint) -> None:
        """A stream tells that a run has changed: it is looked at in the next glance."""
        self._hinted[told.project_id, told.run] = None

    def everything_is_due(self) -> None:
        """Something may have been missed: every project is looked at in the next glance."""
        self._due.clear()

    async def glance(self) -> float:
        """Look at whatever is due: seconds until the next glance. Raises `Unavailable`."""
        clock = asyncio.get_running_loop().time
        held = await limits.held(self._life, self._connection)
        if held is not None:
            await self._report(None)
            return held
        async with self._life.store.read() as session:
            self.projects = await externals.open_projects(session, self._connection)
            now = await self._life.store.clock.now(session)
            watched = await externals.watched(session, self._connection, now=now, limit=_WATCHED)
        pace = self._pace(len(watched), now)
        due = [project for project in self.projects if self._due.get(project.name, 0.0) <= clock()]
        for at in range(0, len(due), _AT_ONCE):
            await self._look_at_some(due[at : at + _AT_ONCE], pace.project)
        await self._for_people(watched, pace.watched)
        await self._others(now, pace)
        await self._report(pace)
        return self._life.windows.glance_every.total_seconds()

    def _pace(self, watched: int, now: datetime) -> Pace:
        names = [project.name for project in self.projects]
        self._due = {name: due for name, due in self._due.items() if name in names}
        costs = [self._cost.get(project.name, 1.0 + project.runs // 100) for project in self.projects]
        spent = self._life.spent(self._connection)
        backend = self._life.backends.get(self._connection)
        traits, budget = (backend.traits, backend.budget()) if backend is not None else (None, None)
        share = spent.rate() * (1 - self._polled / spent.total) if spent.total else 0.0
        setting = self._life.allowances.get(self._connection)
        per_hour = allowed(traits, budget, setting, now=now) if traits is not None else 1.0
        return pace_of(Wish(round=sum(costs), watched=watched, others=share), per_hour, self._life.windows)

    async def _look_at_some(self, projects: Sequence[Project], pace: float) -> None:
        """A few projects side by side, so that a slow answer about one delays no other's for long."""
        clock = asyncio.get_running_loop().time
        before = self._life.spent(self._connection).total
        looks = [self._look_at(project, pace) for project in projects]
        found = await asyncio.gather(*looks, return_exceptions=True)
        cost = self._life.spent(self._connection).total - before
        self._polled += cost
        pages = {project: 1.0 + project.runs // 100 for project in projects}
        for project, again in zip(projects, found, strict=True):
            if isinstance(again, BaseException):
                raise again
            self._due[project.name] = clock() + again
            share = max(1.0, cost * pages[project] / sum(pages.values()))
            self._cost[project.name] = 0.7 * self._cost.get(project.name, share) + 0.3 * share

    async def _look_at(self, project: Project, pace: float) -> float:
        """All open runs of one project: seconds until it is due again."""
        async with self._life.store.read() as session:
            rows = await externals.open_in(session, self._connection, project.name)
            began = await self._life.store.clock.now(session)
        rows = [row for row in rows if not self._is_fresh(row, began)]
        if not rows:
            return pace / 2
        return max(pace, await self._read(rows, began))

    def _is_fresh(self, row: ExternalRunRow, now: datetime) -> bool:
        """Seen a moment ago by somebody else; or deleted, and looked at only now and then."""
        windows = self._life.windows
        if row.seen_at is None:
            return False
        gone = row.gone_at is not None and row.seen_at - row.gone_at >= windows.gone_after
        return now - row.seen_at < (windows.look_anyway if gone else windows.poll_every / 2)

    async def _read(self, rows: Sequence[ExternalRunRow], began: datetime) -> float:
        """How long the CI system asks to be left alone, in seconds."""
        asked = [
            (Target(project=row.project, pipeline=row.pipeline, ref=row.ref), ExternalRunId(row.id)) for row in rows
        ]
        try:
            states = await _beating(self._life.backend(self._connection).read(asked), self._beat)
        except (BackendUnreachable, BackendDenied) as error:
            log.warning("watch.unseen", connection=self._connection, error=type(error).__name__, detail=error.detail)
            await self._unseen(rows, began)
            return (error.retry_after or 0.0) if isinstance(error, BackendUnreachable) else 0.0
        except Exception:
            log.exception("watch.failed", connection=self._connection)  # the other projects are looked at all the same
            await self._unseen(rows, began)
            return 0.0
        await self._note(rows, states, began)
        return 0.0

    async def _note(
        self, rows: Sequence[ExternalRunRow], states: Sequence[ExternalState | None], began: datetime
    ) -> None:
        """What has changed is written run by run, with a poke; what has not, in one statement."""
        same: list[ExternalRunId] = []
        for row, state in zip(rows, states, strict=True):
            self._beat()
            if state is not None and _is_known(row, state):
                same.append(ExternalRunId(row.id))
            else:
                await self._apply(row, state, began)
        if same:
            async with self._life.store.write() as tx:
                await externals.saw_no_change(tx, self._connection, same, began=began)

    async def _apply(self, row: ExternalRunRow, state: ExternalState | None, began: datetime) -> None:
        """A run for which that fails does not keep the others from being seen."""
        try:
            await apply_state(self._life, row, state, began=began, poke=True)
        except DaytwoError:
            raise
        except Exception:
            log.exception("watch.not_noted", run=row.run_id, external=row.id)

    async def _unseen(self, rows: Sequence[ExternalRunRow], began: datetime) -> None:
        """Silence has to show: the status of these is unknown from now on."""
        fresh = [ExternalRunId(row.id) for row in rows if row.unseen_since is None]
        if fresh:
            async with self._life.store.write() as tx:
                await externals.mark_unseen(tx, self._connection, fresh, began=began)

    async def _for_people(self, watched: Sequence[ExternalRunRow], pause: float) -> None:
        """Runs that somebody has open: their trees, and their logs where these are live."""
        clock = asyncio.get_running_loop().time
        self._looked = {row.id: self._looked.get(row.id, 0.0) for row in watched}
        for row in watched:
            if self._looked[row.id] + pause <= clock():
                self._looked[row.id] = clock()
                await self._look_closely(row)

    async def _others(self, now: datetime, pace: Pace) -> None:
        """Runs that a stream told of, that were re-run after their end, and live logs that nobody has open."""
        hinted, self._hinted = self._hinted, {}
        backend = self._life.backends.get(self._connection)
        quietly = _QUIETLY if pace.room and backend is not None and backend.traits.live_logs else 0
        before = now - self._life.windows.live_every
        async with self._life.store.read() as session:
            told = await externals.named(session, self._connection, [ExternalRunId(run) for _, run in hinted])
            rows = [row for row in told if (row.project_id, row.id) in hinted or (row.project, row.id) in hinted]
            rows += await externals.asked_after_end(session, self._connection, now=now, limit=_QUIETLY)
            if quietly:
                rows += await externals.unwatched(session, self._connection, before=before, limit=quietly)
        for row in {row.id: row for row in rows}.values():
            await self._look_closely(row)

    async def _look_closely(self, row: ExternalRunRow) -> None:
        """One run, with its tree and its logs. Its failure is nobody else's."""
        self._beat()
        async with self._life.store.read() as session:
            attempt = await attempts.get(session, RunId(row.run_id), StepPath(row.path), AttemptNo(row.no))
            began = await self._life.store.clock.now(session)
        assert attempt is not None, "an external run has its attempt"
        try:
            await look(self._life, attempt, row, began=began, beat=self._beat, poke=True)
        except (BackendUnreachable, BackendDenied) as error:
            log.info("watch.not_looked", connection=self._connection, external=row.id, error=type(error).__name__)
        except DaytwoError:
            raise
        except Exception:
            log.exception("watch.look_failed", connection=self._connection, external=row.id)

    async def _report(self, pace: Pace | None) -> None:
        """What people see of the poller, now and then."""
        now = asyncio.get_running_loop().time()
        if self._reported and now - self._reported < min(_REPORT_EVERY, self._life.windows.poll_every.total_seconds()):
            return
        self._reported = now
        await limits.remember(self._life, self._connection)
        polling = Polling(
            pace=pace.project if pace is not None else 0.0,
            projects=len(self.projects),
            open_runs=sum(project.runs for project in self.projects),
            requests=self._life.spent(self._connection).last_hour(),
            streams=self.streams,
        )
        async with self._life.store.write() as tx:
            await connections.report(tx, self._connection, polling)


def _is_known(row: ExternalRunRow, state: ExternalState) -> bool:
    """Does the read say nothing that is not written already? Words in which a secret was masked are news each time."""
    waits_for = cut(state.waits_for) if state.waits_for is not None else None
    said = (state.status, cut(state.detail), waits_for, state.url or row.url, state.commit or row.commit)
    kept = (row.status, row.detail, row.waits_for, row.url, row.commit)
    first = row.seen_at is None or row.unseen_since is not None or row.gone_at is not None
    return said == kept and state.attempt == row.ci_attempt and not first


async def _beating(
    reading: Coroutine[Any, Any, Sequence[ExternalState | None]], beat: Callable[[], None]
) -> Sequence[ExternalState | None]:
    """Wait for a read with signs of life: it is several requests, each with a deadline of its own."""
    task = asyncio.create_task(reading)
    try:
        while not task.done():
            beat()
            await asyncio.wait({task}, timeout=_BEAT)
        return await task
    finally:
        task.cancel()
