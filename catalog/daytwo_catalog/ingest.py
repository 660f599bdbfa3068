"""A company's files become the catalog: idempotent, in the transaction handed in.

What a run wrote stays until the file itself says something new about it: of each property, relation and field the
file's value is taken only where the file has changed since it was loaded last. What has gone from the files is removed
if files had made it; what runs made stays.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import JsonValue

from daytwo_catalog.errors import CatalogRejected, PeopleMissing, Problem, StillNamed
from daytwo_catalog.load import CompanyFiles
from daytwo_catalog.model import Draft, Entity
from daytwo_catalog.people_files import PEOPLE, PeopleFiles
from daytwo_catalog.schema import faults_of
from daytwo_store import entities, entity_files, kinds
from daytwo_store.engine import Tx
from daytwo_store.entities import EVERYTHING, content
from daytwo_store.ids import EntityRef
from daytwo_store.tables import Json


@dataclass(slots=True)
class Ingested:
    """What a load did, by ref. `kept`: a run's values stay although the file has others."""

    created: list[EntityRef] = field(default_factory=list)
    changed: list[EntityRef] = field(default_factory=list)
    kept: list[EntityRef] = field(default_factory=list)
    removed: list[EntityRef] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)


async def ingest(tx: Tx, company: CompanyFiles) -> Ingested:
    """Make the catalog what the files say. Raises `CatalogRejected`, and then the transaction has to be given up."""
    await entity_files.lock_loading(tx)
    done = Ingested()
    done.kinds = [kind.name for kind in company.kinds.values() if await kinds.put(tx, kind)]
    await _entities(tx, company, await entity_files.made_by_files(tx.session), done)
    await kinds.remove_unused(tx, sorted((await kinds.every(tx.session)).keys() - company.kinds.keys()))
    await tx.session.flush()
    if problems := [problem async for problem in _dangling(tx, company)]:
        raise CatalogRejected(problems)
    return done


async def ingest_people(tx: Tx, files: PeopleFiles) -> Ingested:
    """Make people and groups what the files say, and nothing else, while Daytwo runs: of the kinds that were loaded.

    Raises `CatalogRejected`, `PeopleMissing`, and then the transaction has to be given up.
    """
    await entity_files.lock_loading(tx)
    company = files.company(await kinds.every(tx.session))
    made = await entity_files.made_by_files(tx.session)
    before = frozenset(ref for ref in made if ref.partition(":")[0] in PEOPLE)
    if before and not company.drafts:
        raise PeopleMissing
    done = Ingested()
    await _entities(tx, company, before, done)
    await tx.session.flush()
    problems = [problem async for problem in _dangling(tx, company)]
    if named := await entities.naming(tx.session, done.removed) & made:
        raise StillNamed(done.removed, sorted(named))
    if problems:
        raise CatalogRejected(problems)
    return done


async def _entities(tx: Tx, company: CompanyFiles, made: frozenset[EntityRef], done: Ingested) -> None:
    """`made`: what files have made, and is removed where they no longer have it."""
    before = await entity_files.last_declared(tx.session)
    for ref in sorted(company.drafts):
        await _write(tx, company, ref, before.get(ref), done)
    for ref in sorted(made - company.drafts.keys()):
        await entities.delete(tx, ref, by="file:removed")
        done.removed.append(ref)


async def _write(tx: Tx, company: CompanyFiles, ref: EntityRef, before: Json | None, done: Ingested) -> None:
    draft, source = company.drafts[ref], company.source(ref)
    declared = content(draft)
    current = await entities.hold(tx, ref)
    if current is None:
        await entities.upsert(tx, draft, by=source)
        done.created.append(ref)
        return
    if before == declared:
        if entities.snapshot(current) != entities.snapshot(draft):
            done.kept.append(ref)
        return
    merged = merge(before or {}, draft, current)
    origin = company.origins[ref]
    if faults := [origin.fault(fault.pointer, fault.detail) for fault in faults_of(merged, company.kinds)]:
        raise CatalogRejected(faults)
    change = await entities.upsert(tx, merged, by=source, declared=declared)
    if change.changed:
        done.changed.append(ref)
    else:
        entity_files.remember(tx, current, declared, by=source)


def merge(before: Json, draft: Draft, current: Entity) -> Draft:
    """The draft where it differs from what the file said before, what is there now elsewhere."""
    declared = content(draft)
    now = content(current)
    fields = {
        name: declared[name] if name not in before or before[name] != declared[name] else now[name]
        for name in ("title", "owner", "visible_to")
    }
    relations = _merge(_object(before, "relations"), draft.relations, current.relations)
    return replace(
        draft,
        title=str(fields["title"]),
        owner=None if fields["owner"] is None else str(fields["owner"]),
        visible_to=draft.visible_to if fields["visible_to"] == declared["visible_to"] else current.visible_to,
        properties=_merge(_object(before, "properties"), draft.properties, current.properties),
        relations={name: list(targets) for name, targets in relations.items()},
    )


def _merge(before: Mapping[str, JsonValue], file: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in now.items() if name in file or name not in before}
    said = {
        name: value for name, value in file.items() if name not in before or before[name] != value or name not in now
    }
    return kept | said


def _object(said: Json, name: str) -> Mapping[str, JsonValue]:
    part = said.get(name, {})
    return part if isinstance(part, dict) else {}


async def _dangling(tx: Tx, company: CompanyFiles) -> AsyncIterator[Problem]:
    """Refs in the files to what does not exist: a misspelt group would entitle nobody, silently."""
    named = {ref: list(_named(draft)) for ref, draft in company.drafts.items()}
    targets = {target for pairs in named.values() for _, target in pairs}
    there = await entities.get_many(tx.session, targets, sees=EVERYTHING)
    for ref, pairs in named.items():
        for pointer, target in pairs:
            if target not in there:
                yield company.origins[ref].fault(pointer, f"there is no {target} in the catalog")


def _named(draft: Draft) -> Iterator[tuple[str, str]]:
    if draft.owner is not None:
        yield "/owner", draft.owner
    for number, group in enumerate(draft.visible_to):
        yield f"/visible_to/{number}", group
    for name, targets in draft.relations.items():
        for number, target in enumerate(targets):
            yield f"/relations/{name}/{number}", target
