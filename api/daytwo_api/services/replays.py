"""Runs of before, planned again by rules that somebody has sent. Nothing is written, and no CI system is asked."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from daytwo_actions.definitions import DefinitionRejected
from daytwo_actions.registry import Registry, load_texts
from daytwo_actions.roles import Role
from daytwo_api.asker import Asker
from daytwo_api.services.onlooking import onlooker
from daytwo_api.services.replay_words import replayed_view
from daytwo_api.services.surroundings import surroundings
from daytwo_api.services.veil import veiled
from daytwo_api.views.common import Page
from daytwo_api.views.pipelines import CheckedFile
from daytwo_api.views.replays import ReplayedRun, ReplayRequest
from daytwo_store import cursors, entities, principals, run_listing
from daytwo_store.engine import Session
from daytwo_store.errors import Rejected
from daytwo_store.run_listing import RunFilter
from daytwo_store.tables import RunRow
from daytwo_workflows.company import unknown_members
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.frozen import as_version
from daytwo_workflows.life.other_rules import Rules
from daytwo_workflows.life.replaying import Outcome, Replayed, Why, replay
from daytwo_workflows.services_entry import ServiceEntry

_SECONDS: Final = 8.0  # after which a page ends
_OUTCOME: Final = "Nothing was replayed"


class Replays:
    def __init__(
        self,
        life: Life,
        *,
        services: Mapping[str, ServiceEntry],
        sources: Collection[str],
        admins: str | None,
        seconds: float = _SECONDS,
    ) -> None:
        self._life = life
        self._services = services
        self._sources = sources
        self._admins = admins
        self._seconds = seconds

    async def replay(self, by: Asker, asked: ReplayRequest) -> Page[ReplayedRun]:
        """A page of the runs that may be seen, newest first. Raises `DefinitionRejected`, `Rejected`."""
        before = cursors.moment(asked.cursor) if asked.cursor else None
        wanted = RunFilter(action=asked.action, entity=asked.entity, since=asked.since, until=asked.until)
        rules = await self._rules(asked.files)
        async with self._life.store.read() as session:
            found = await run_listing.page(session, wanted, by=onlooker(by), before=before, limit=asked.limit + 1)
        done: list[ReplayedRun] = []
        ends = time.monotonic() + self._seconds
        for row in found[: asked.limit]:
            done.append(await self._one(by, row, rules))
            if time.monotonic() >= ends:
                break
        more = 0 < len(done) < len(found)
        last = found[len(done) - 1] if more else None
        return Page(items=done, next_cursor=cursors.make(last.created_at.isoformat(), last.id) if last else None)

    async def _one(self, by: Asker, row: RunRow, rules: Rules) -> ReplayedRun:
        found = await replay(self._life, row, rules)
        async with self._life.store.read() as session:
            if await entities.hidden(session, found.named, sees=by.belongs):
                told = "It is about something that you may not see."
                found = Replayed(outcome=Outcome.UNKNOWN, was=found.was, why=Why.HIDDEN, told=told)
            requester = (await principals.by_ids(session, [row.requester]))[row.requester]
            return await veiled(session, by, replayed_view(row, requester, found))

    async def _rules(self, files: Sequence[CheckedFile]) -> Rules:
        """What was sent, checked as it would be when it is registered."""
        texts = [(file.name, file.text) for file in files]
        async with self._life.store.read() as session:
            around = await surroundings(session, self._life.backends, self._services, self._sources)
            beside = {one.name: one for one in await self._life.definitions.all_current(session)}
            try:
                registry = await asyncio.to_thread(load_texts, texts, surroundings=around, beside=beside)
                grants = await self._grants(session, registry)
            except DefinitionRejected as rejected:
                raise DefinitionRejected(rejected.problems, outcome=_OUTCOME) from rejected
        if not registry.actions and not registry.freezes and grants is None:
            raise Rejected(
                f"There is no action, no freeze and no policy in these files. {_OUTCOME}. Send what is to be changed."
            )
        return Rules(
            actions={str(name): one for name, one in registry.actions.items()},
            freezes={name: as_version(one) for name, one in registry.freezes.items()},
            grants=grants,
        )

    async def _grants(self, session: Session, registry: Registry) -> Mapping[str, Collection[str]] | None:
        if registry.policy is None:
            return None
        await unknown_members(session, registry.policy, self._admins)
        grants: dict[str, Collection[str]] = {str(role): who for role, who in registry.policy.grants.items()}
        if self._admins is not None:
            grants[Role.ADMIN] = {*grants.get(Role.ADMIN, ()), self._admins}
        return grants
