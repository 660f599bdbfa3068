"""Freezes of the example company, on the clock of the database."""

from datetime import timedelta

from company import Company
from pydantic import JsonValue

from daytwo_actions.freezes import as_document, freeze_of
from daytwo_store import freezes
from daytwo_workflows.life.frozen import made


async def freeze(company: Company, name: str, **spec: JsonValue) -> None:
    """From a minute ago for two hours."""
    by = await company.person("pat")
    async with company.store.write() as tx:
        given: dict[str, JsonValue] = {
            "reason": "Nobody is there",
            "from": (tx.now - timedelta(minutes=1)).replace(microsecond=0).isoformat(),
            "until": (tx.now + timedelta(hours=2)).replace(microsecond=0).isoformat(),
        }
        document = as_document(name=name, title=name.title(), description="", owner="group:sre", spec=given | spec)
        await freezes.add(tx, made(name, freeze_of(document)), by=by, key=name, body_sha256="")


async def lift(company: Company, name: str) -> None:
    by = await company.person("pat")
    async with company.store.write() as tx:
        await freezes.write_locked(tx)
        await freezes.remove(tx, await freezes.get(tx.session, name), by=by)
