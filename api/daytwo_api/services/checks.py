"""Actions against the pipelines that they start: registered ones, or files that somebody is about to register."""

from collections.abc import Mapping, Sequence

from daytwo_actions.backends.base import Backend
from daytwo_actions.contracts.aims import MOST_ENTITIES, Record
from daytwo_actions.contracts.check import check_contracts
from daytwo_actions.definitions import ActionVersion, DefinitionRejected
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.load import restore_with_places
from daytwo_actions.registry import load_texts
from daytwo_api.services.surroundings import surroundings
from daytwo_api.views.pipelines import CheckProblem, CheckRequest, CheckView
from daytwo_catalog.model import record
from daytwo_store import definitions, entity_search
from daytwo_store.engine import Session, Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.entity_search import Search
from daytwo_workflows.services_entry import ServiceEntry


class Checks:
    def __init__(self, store: Store, backends: Mapping[str, Backend], services: Mapping[str, ServiceEntry]) -> None:
        self._store = store
        self._backends = backends
        self._services = services

    async def check(
        self,
        asked: CheckRequest,
    ) -> CheckView:
        """Nothing is registered or changed by it."""
        async with self._store.read() as session:
            try:
                versions = await self._versions(session, asked)
            except DefinitionRejected as rejected:
                return view(rejected.problems, actions=0, checked=0)
            records = await _records(session, versions)
        meant = {
            name: one for name, one in self._backends.items() if not asked.connections or name in asked.connections
        }
        report = await check_contracts(versions, meant, records)
        return view(report.problems, actions=len(versions), checked=report.checked)

    async def _versions(self, session: Session, asked: CheckRequest) -> list[ActionVersion]:
        if not asked.files:
            texts = await definitions.texts(session)
            rows = await definitions.current(session)
            return [restore_with_places(row.document, row.source, texts.get(row.digest)) for row in rows]
        around = await surroundings(session, self._backends, self._services)
        registry = load_texts([(file.name, file.text) for file in asked.files], surroundings=around)
        return list(registry.actions.values())


def view(problems: Sequence[Problem], *, actions: int, checked: int) -> CheckView:
    shown = [
        CheckProblem(
            file=one.file,
            line=one.line,
            column=one.column,
            severity=one.severity,
            message=one.message,
            suggestion=one.suggestion,
            pointer=one.pointer,
        )
        for one in problems
    ]
    return CheckView(problems=shown, actions=actions, checked=checked)


async def _records(session: Session, versions: Sequence[ActionVersion]) -> list[Record]:
    """Some entities of each kind that an action is offered on."""
    wanted = {version.model.spec.target.kind for version in versions if version.model.spec.target}
    found: list[Record] = []
    for kind in sorted(wanted):
        page = await entity_search.search(session, Search(kind=kind, limit=MOST_ENTITIES), sees=EVERYTHING)
        found += [record(entity) for entity in page.items]
    return found
