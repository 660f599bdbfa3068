"""A company's folders become kinds, entities and actions in the database: all of them, or none and every problem."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog

from daytwo_actions.backends.base import Backend
from daytwo_actions.contracts.check import check_contracts
from daytwo_actions.definitions.check import Surroundings
from daytwo_actions.definitions.errors import DefinitionRejected
from daytwo_actions.definitions.registry import Registry, load_registry
from daytwo_catalog.ingest import ingest
from daytwo_catalog.load import CompanyFiles, read_company
from daytwo_catalog.model import record
from daytwo_store import definitions
from daytwo_store.definitions import Loaded
from daytwo_store.engine import Store

log = structlog.get_logger()
_SECONDS: Final = 10.0  # that a start waits at most for CI systems


async def load_company(
    store: Store,
    folders: Sequence[Path],
    connections: Mapping[str, str],
    *,
    backends: Mapping[str, Backend] | None = None,
) -> None:
    """Load the files in one transaction; `connections` says of which kind each is.

    With `backends`, actions that are new or changed are compared with the pipelines that they start.
    Raises `DefinitionRejected`, `CatalogRejected`; then nothing has changed.
    """
    registry = load_registry(folders, surroundings=Surroundings(connections=connections))
    catalog = read_company(folders)
    if backends:
        await _compare(store, registry, catalog, backends)
    async with store.write() as tx:
        done = await ingest(tx, catalog)
        await definitions.put(
            tx,
            [
                Loaded(name=one.name, digest=one.digest, document=dict(one.document), source=one.file)
                for one in registry.actions.values()
            ],
        )
    log.info("company.loaded", created=len(done.created), changed=len(done.changed), count=len(registry.actions))


async def _compare(store: Store, registry: Registry, catalog: CompanyFiles, backends: Mapping[str, Backend]) -> None:
    """What is registered already stays so, whatever has become of its pipelines since: that is told in the log."""
    async with store.read() as session:
        known = {row.digest for row in await definitions.current(session)}
    records = [record(draft) for draft in catalog.drafts.values()]
    report = await check_contracts(registry.actions.values(), backends, records, seconds=_SECONDS)
    for problem in report.problems:
        log.warning("company.contract", detail=str(problem))
    new = {one.file for one in registry.actions.values() if one.digest not in known}
    if refused := [problem for problem in report.errors if problem.file in new]:
        raise DefinitionRejected(refused)
