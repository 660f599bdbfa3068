"""The audit: pages, exports, how far it is signed, and the evidence of one run."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from fastapi.responses import Response, StreamingResponse

from daytwo_api.services.evidence import collect
from daytwo_api.services.gather import SYSTEM
from daytwo_api.views.audit import AuditEntry, AuditKey, AuditSeal, AuditShown, ExportFormat
from daytwo_api.views.common import Page, Person
from daytwo_store import audit_read, checkpoints, evidence, principals
from daytwo_store.audit_read import AuditFilter
from daytwo_store.engine import Store
from daytwo_store.errors import Conflict, Rejected
from daytwo_store.ids import RunId
from daytwo_store.signing import KeyRing, Signer, pem_of
from daytwo_store.tables import AuditRow, PrincipalRow

_COLUMNS: Final = ("number", "at", "actor", "action", "subject", "facts", "hash")
_TYPES: Final = {ExportFormat.NDJSON: "application/x-ndjson", ExportFormat.CSV: "text/csv"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class Audit:
    """`signer` and `trusted` are of the settings: without a signer there is no evidence."""

    def __init__(self, store: Store, signer: Signer | None, trusted: KeyRing) -> None:
        self._store = store
        self._signer = signer
        self._trusted = trusted

    async def page(
        self,
        wanted: AuditFilter,
        *,
        cursor: str | None,
        limit: int,
    ) -> Page[AuditShown]:
        _check(wanted)
        async with self._store.read() as session:
            found = await audit_read.page(session, wanted, cursor=cursor, limit=limit)
            people = await principals.by_ids(session, {row.actor for row in found.items})
        return Page(items=[_shown(row, people) for row in found.items], next_cursor=found.next_cursor)

    async def export(
        self,
        wanted: AuditFilter,
        shape: ExportFormat,
        *,
        after: int,
    ) -> StreamingResponse:
        """Everything that fits, oldest first, as it is read."""
        _check(wanted)
        rows = audit_read.stream(self._store, wanted, after=after)
        write = as_csv if shape is ExportFormat.CSV else as_ndjson
        return StreamingResponse(
            write(rows),
            media_type=f"{_TYPES[shape]}; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="audit.{shape}"'},
        )

    async def seal(self) -> AuditSeal:
        async with self._store.read() as session:
            found = await checkpoints.state(session)
        current = self._signer.key if self._signer is not None else None
        return AuditSeal(
            entries=found.entries,
            sealed=found.sealed,
            sealed_at=found.at,
            failing_since=found.failing_since,
            why=found.why,
            keys=[
                AuditKey(id=name, pem=pem_of(key), current=name == current) for name, key in self._trusted.keys.items()
            ],
        )

    async def evidence(self, run: str) -> Response:
        if self._signer is None:
            raise Conflict(
                "This server has no key to sign evidence with, so none was made. Whoever operates it sets "
                "`audit_key_file`."
            )
        document = await collect(self._store, RunId(run))
        return Response(
            evidence.seal(document, self._signer),
            media_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{document["run"]["id"]}.evidence.json"'},
        )


def entry_view(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        number=row.n,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        facts={name: str(value) for name, value in row.facts.items()},
        hash=row.hash,
    )


def _shown(row: AuditRow, people: Mapping[str, PrincipalRow]) -> AuditShown:
    by = people.get(row.actor)
    who = Person(id=by.id, name=by.name, ref=by.ref) if by is not None else SYSTEM
    return AuditShown(**entry_view(row).model_dump(), who=who)


async def as_ndjson(pages: AsyncIterator[Sequence[AuditRow]]) -> AsyncIterator[str]:
    async for rows in pages:
        yield "".join(f"{entry_view(row).model_dump_json()}\n" for row in rows)


async def as_csv(pages: AsyncIterator[Sequence[AuditRow]]) -> AsyncIterator[str]:
    """RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    yield ",".join(_COLUMNS) + "\r\n"
    async for rows in pages:
        text = io.StringIO()
        writer = csv.writer(text)
        for row in rows:
            view = entry_view(row).model_dump(mode="json")
            view["facts"] = json.dumps(view["facts"], ensure_ascii=False, sort_keys=True)
            writer.writerow([harmless(str(view[name])) for name in _COLUMNS])
        yield text.getvalue()


def harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _check(wanted: AuditFilter) -> None:
    texts = (wanted.actor, wanted.action, wanted.subject, wanted.run)
    if any(text is not None and "\x00" in text for text in texts):
        raise Rejected("A filter holds a null character, which nothing in the audit has. Nothing was read.")
