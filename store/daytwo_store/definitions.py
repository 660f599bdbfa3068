"""Definitions of actions as they were loaded; a run keeps its version even when a newer one is current."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store.engine import Tx
from daytwo_store.errors import NotFound
from daytwo_store.ids import ActionName, Digest
from daytwo_store.tables import ActionVersionRow, Json


@dataclass(frozen=True, kw_only=True, slots=True)
class Editor:
    """Who last changed the file of an action."""

    person: str | None = None  # ref; None: nobody whom the catalog knows
    name: str | None = None
    commit: str | None = None
    why_not: str | None = None  # why the person is not known, as a part of a sentence
    email: str | None = None  # what the commit says; whose it is may change with the policy
    others: tuple["Editor", ...] = ()  # whose changes stand there as well, where they were merged


EDITOR: Final = TypeAdapter(Editor)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    name: ActionName
    digest: Digest
    document: Json
    source: str
    text: str | None = None  # of the whole file
    editor: Editor | None = None  # None: nobody looked


async def put(tx: Tx, versions: Sequence[Loaded]) -> None:
    """Make these the current versions, and no others; what runs were started with stays."""
    wanted = {version.digest: (_editor(version), version.source, version.text) for version in versions}
    row = ActionVersionRow
    offered = select(row.digest, row.name, row.editor, row.source, row.text)
    rows = (await tx.session.execute(offered.where(ActionVersionRow.current))).all()
    now: dict[str, str] = {one.digest: one.name for one in rows}
    if wanted == {one.digest: (one.editor, one.source, one.text) for one in rows}:
        return
    await tx.session.execute(update(ActionVersionRow).where(ActionVersionRow.current).values(current=False))
    for version in versions:
        await tx.session.execute(
            insert(ActionVersionRow)
            .values(
                digest=version.digest,
                name=version.name,
                document=version.document,
                source=version.source,
                text=version.text,
                current=True,
                loaded_at=tx.now,
                editor=_editor(version),
            )
            .on_conflict_do_update(
                index_elements=["digest"],
                set_={
                    "current": True,
                    "source": version.source,
                    "text": version.text,
                    "editor": _editor(version),
                },
            )
        )
        if version.digest not in now:
            tx.audit(
                actor="daytwo",
                action="action.loaded",
                subject=f"action:{version.name}",
                facts={"version": version.digest, "source": version.source, **_by(version)},
            )

    _audit_removed(tx, now, {version.name for version in versions})


def _editor(version: Loaded) -> Json | None:
    return None if version.editor is None else EDITOR.dump_python(version.editor, mode="json")


def _by(version: Loaded) -> dict[str, str]:
    """Who changed it, for the audit, as far as it is known."""
    editor = version.editor or Editor()
    told = {"person": editor.person, "commit": editor.commit}
    return {name: value for name, value in told.items() if value is not None}


async def editor_of(session: AsyncSession, digest: Digest) -> Editor | None:
    """Who last changed the file that this version was loaded from; None: nobody looked."""
    stored = await session.scalar(select(ActionVersionRow.editor).where(ActionVersionRow.digest == digest))
    return None if stored is None else EDITOR.validate_python(stored)


async def edited(session: AsyncSession) -> list[tuple[ActionVersionRow, Editor]]:
    """What is offered, with who last changed its file, as far as somebody looked."""
    return [(row, EDITOR.validate_python(row.editor)) for row in await current(session) if row.editor is not None]


def edited_by(tx: Tx, row: ActionVersionRow, editor: Editor) -> None:
    """The file is the same, and it is known otherwise who changed it."""
    row.editor = EDITOR.dump_python(editor, mode="json")
    who = "".join(sorted({f" {one.person}" for one in (editor, *editor.others) if one.person is not None}))
    facts = {"version": row.digest, **({"person": who.strip()} if who else {})}
    tx.audit(actor="daytwo", action="action.edited_by", subject=f"action:{row.name}", facts=facts)


def _audit_removed(tx: Tx, before: Mapping[str, str], stay: Collection[str]) -> None:
    """Actions that are offered no more; `before` is what was offered, name by digest."""
    for digest, name in before.items():
        if name not in stay:
            tx.audit(actor="daytwo", action="action.removed", subject=f"action:{name}", facts={"version": digest})


async def current(session: AsyncSession) -> Sequence[ActionVersionRow]:
    return (
        await session.scalars(select(ActionVersionRow).where(ActionVersionRow.current).order_by(ActionVersionRow.name))
    ).all()


async def texts(session: AsyncSession) -> dict[str, str]:
    """The files that the current versions were loaded from, by digest, as far as they were kept."""
    query = select(ActionVersionRow.digest, ActionVersionRow.text).where(ActionVersionRow.current)
    return {row.digest: row.text for row in await session.execute(query) if row.text is not None}


async def by_digest(session: AsyncSession, digest: Digest) -> ActionVersionRow | None:
    return await session.get(ActionVersionRow, digest)


async def by_digests(session: AsyncSession, digests: Collection[str]) -> dict[str, ActionVersionRow]:
    rows = await session.scalars(select(ActionVersionRow).where(ActionVersionRow.digest.in_(digests)))
    return {row.digest: row for row in rows}


async def offered(session: AsyncSession, names: Collection[str]) -> dict[str, str]:
    """The current versions of those of these actions that there are, by name."""
    query = select(ActionVersionRow.name, ActionVersionRow.digest)
    rows = await session.execute(query.where(ActionVersionRow.current, ActionVersionRow.name.in_(names)))
    return {row.name: row.digest for row in rows}


async def must_be_offered(session: AsyncSession, name: ActionName) -> ActionVersionRow:
    """The current version. Raises `NotFound` when nobody can start this action any more."""
    row: ActionVersionRow | None = await session.scalar(
        select(ActionVersionRow).where(ActionVersionRow.name == name, ActionVersionRow.current)
    )
    if row is None:
        raise not_offered(name)
    return row


def not_offered(name: str) -> NotFound:
    """The one answer for an action that does not exist and for one that may not be seen."""
    return NotFound(f"There is no action {name}. Look at the list of actions; it may have been renamed or removed.")
