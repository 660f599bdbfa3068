"""Freezes that people make, change and remove; those of files are changed in their files."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import rfc8785
from pydantic import JsonValue

from daytwo_actions.definitions.errors import DefinitionRejected
from daytwo_actions.freezes import as_document, freeze_of, started_now
from daytwo_store import entities, freezes
from daytwo_store.engine import Session, Tx
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Conflict, FieldFault, Rejected
from daytwo_store.freezes import Made
from daytwo_store.ids import EntityRef, PrincipalId, new_freeze_id
from daytwo_store.notifications import Notice, tell
from daytwo_store.tables import FreezeRow
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.freeze_eyes import must_hold_none_of_theirs
from daytwo_workflows.life.freezes_that_hold_on import hold_on
from daytwo_workflows.life.frozen import made

Json = Mapping[str, JsonValue]
_NAMELESS = "made-here"  # the name inside of a freeze that has an id of ours


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A freeze as somebody sends it; None: as it was."""

    title: str | None = None
    description: str | None = None
    owner: str | None = None
    spec: Json | None = None


async def make(life: Life, draft: Draft, *, by: PrincipalId, key: str) -> FreezeRow:
    """The same key again gives the same freeze. Raises `Rejected` with every fault."""
    with _exact():
        asked: list[JsonValue] = [draft.title, draft.description, draft.owner, dict(draft.spec or {})]
        body = hashlib.sha256(rfc8785.dumps(asked)).hexdigest()
    async with life.store.write() as tx:
        await freezes.write_locked(tx)
        before = await freezes.with_key(tx.session, by, key)
        if before is not None:
            if before.body_sha256 != body:
                raise Rejected("This Idempotency-Key was used for another freeze. Nothing was made. Use a new key.")
            return before
        spec = started_now(draft.spec or {}, tx.now)
        wanted = await _checked(tx.session, new_freeze_id(), draft, spec)
        return await freezes.add(tx, wanted, by=by, key=key, body_sha256=body)


async def change(life: Life, freeze: str, draft: Draft, *, by: PrincipalId) -> None:
    """What is left out stays; keys of `spec` are replaced one by one, with null they go.

    Raises `Rejected`, and `Forbidden` for whoever has a run that it holds.
    """
    await must_hold_none_of_theirs(life, freeze, by)
    async with life.store.write() as tx:
        row = await _ours(tx, freeze)
        metadata, spec = row.document["metadata"], row.document["spec"]
        assert isinstance(metadata, dict)
        assert isinstance(spec, dict)
        merged = {name: value for name, value in {**spec, **(draft.spec or {})}.items() if value is not None}
        whole = Draft(
            title=draft.title or row.title,
            description=draft.description if draft.description is not None else str(metadata.get("description", "")),
            owner=draft.owner or row.owner,
        )
        wanted = await _checked(tx.session, row.id, whole, merged)
        if wanted.digest != row.digest:
            _tell(tx, [row.owner, wanted.owner], by=by, state="changed")
            await hold_on(tx, row, by=by)
            await freezes.change(tx, row, wanted, by=by)


async def remove(life: Life, freeze: str, *, by: PrincipalId) -> None:
    """Raises `Forbidden` for whoever has a run that it holds."""
    await must_hold_none_of_theirs(life, freeze, by)
    async with life.store.write() as tx:
        row = await _ours(tx, freeze)
        _tell(tx, [row.owner], by=by, state="ended")
        await hold_on(tx, row, by=by)
        await freezes.remove(tx, row, by=by)


def _tell(tx: Tx, owners: list[str], *, by: PrincipalId, state: str) -> None:
    tell(tx, Notice.FREEZE_CHANGED, audience=owners, facts={"by": by, "state": state})


@contextmanager
def _exact() -> Iterator[None]:
    """Raises `Rejected` for what JSON cannot carry exactly."""
    try:
        yield
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise Rejected(
            "This freeze holds something that JSON cannot carry exactly, such as a number beyond 2^53. Nothing was "
            "changed. Write it as text."
        ) from error


def of_a_file(freeze: str) -> str:
    return f"The freeze {freeze} stands in a file of the company, so it is changed there."


async def _ours(tx: Tx, freeze: str) -> FreezeRow:
    await freezes.write_locked(tx)
    row = await freezes.get(tx.session, freeze)
    if row.source is not None:
        raise Conflict(f"{of_a_file(freeze)} Nothing was changed. For one run, ask for an exception.")
    return row


async def _checked(session: Session, name: str, draft: Draft, spec: Json) -> Made:
    document = as_document(
        name=_NAMELESS, title=draft.title or "", description=draft.description or "", owner=draft.owner or "", spec=spec
    )
    try:
        with _exact():
            loaded = freeze_of(document)
    except DefinitionRejected as error:
        faults = [FieldFault(one.pointer.removeprefix("/metadata"), one.message) for one in error.problems]
        told = "; ".join(dict.fromkeys(one.detail for one in faults))
        raise Rejected(f"This freeze cannot be used: {told}. Nothing was changed.", errors=faults) from error
    owner = EntityRef(loaded.model.metadata.owner)
    if await entities.get(session, owner, sees=EVERYTHING) is None:
        raise Rejected(
            f"There is no {owner}, so nobody could grant exceptions. Nothing was changed.",
            errors=[FieldFault("/owner", f"There is no {owner}")],
        )
    return made(name, loaded)
