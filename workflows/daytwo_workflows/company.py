"""A company's folders become kinds, entities and actions in the database: all of them, or none and every problem."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from daytwo_actions.definitions.check import Surroundings
from daytwo_actions.definitions.registry import load_registry
from daytwo_catalog.ingest import ingest
from daytwo_catalog.load import read_company
from daytwo_store import definitions
from daytwo_store.definitions import Loaded
from daytwo_store.engine import Store

log = structlog.get_logger()


async def load_company(store: Store, folders: Sequence[Path], connections: Mapping[str, str]) -> None:
    """Load the files in one transaction; `connections` says of which kind each is.

    Raises `DefinitionRejected`, `CatalogRejected`; then nothing has changed.
    """
    registry = load_registry(folders, surroundings=Surroundings(connections=connections))
    catalog = read_company(folders)
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
