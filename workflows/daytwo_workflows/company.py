"""A company's folders become kinds, entities, actions and freezes: all of them, or none and every problem."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog

from daytwo_actions.backends.base import Backend
from daytwo_actions.contracts.check import check_contracts
from daytwo_actions.definitions.check import Surroundings
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.definitions.policy_file import DEFAULT, Policy
from daytwo_actions.registry import Registry, load_registry
from daytwo_actions.roles import Role
from daytwo_catalog.ingest import ingest, ingest_people
from daytwo_catalog.load import CompanyFiles, read_company
from daytwo_catalog.model import record
from daytwo_catalog.people_files import PeopleFiles
from daytwo_store import definitions, entities, freezes, grants, schedules, triggers
from daytwo_store.definitions import Loaded
from daytwo_store.engine import Session, Store, Tx
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Rejected
from daytwo_workflows.editors import Edit
from daytwo_workflows.life.firing import note_all
from daytwo_workflows.life.frozen import made
from daytwo_workflows.life.reacting import made as trigger_made
from daytwo_workflows.life.schedule_changes import made as schedule_made
from daytwo_workflows.whose import editor_of, found_in, unknown_editors, whose_is, writers


class PolicyMissing(Rejected):
    type = "policy-missing"
    title = "The company's policy is gone"


class NobodyAdministers(Rejected):
    title = "Nobody would administer"


LastEdits = Callable[[Collection[str]], Mapping[str, Edit]]
log = structlog.get_logger()
_SECONDS: Final = 10.0  # that a start waits at most for CI systems


async def load_company(
    store: Store,
    folders: Sequence[Path],
    connections: Mapping[str, str],
    *,
    backends: Mapping[str, Backend] | None = None,
    admins: str | None = None,
    services: Mapping[str, Collection[str]] | None = None,
    tokens: Collection[str] = (),
    sources: Collection[str] | None = None,
    last_edits: LastEdits | None = None,
    policy_wanted: bool = False,
) -> None:
    """Load the files in one transaction; `connections` says of which kind each is.

    With `backends`, actions that are new or changed are compared with the pipelines that they start. `admins` is a
    group that administers, whatever the policy says. `services` are those that steps may call, with the names of the
    secrets that may be sent there; None: not checked. `tokens` are those of them that have a token of their own.
    `sources` are those of events; None: not checked.
    `last_edits` tells who last changed which file; without it nobody looks, and the plans of runs say that it is not
    known. A policy may want it known: then a file whose editor is not is refused.
    With `policy_wanted`, a company without a policy is refused: without one, everybody is a requester.
    Raises `DefinitionRejected`, `CatalogRejected`, `PolicyMissing`; then nothing has changed.
    """
    around = Surroundings(connections=connections, services=services, tokens=frozenset(tokens), sources=sources)
    registry = load_registry(folders, surroundings=around)
    if policy_wanted and registry.policy is None:
        raise PolicyMissing(
            "The company has no policy, so everybody who can sign in could ask for runs. Nothing was loaded. Write one "
            "(`kind: Policy`, see docs/how-to/give-roles.md) into its files; only `sign_in: people`, to try it out on "
            "this machine, does without."
        )
    catalog = read_company(folders)
    if backends:
        await _compare(store, registry, catalog, backends)
    edits = await asyncio.to_thread(last_edits, registry.edited_files()) if last_edits is not None else {}
    async with store.write() as tx:
        done = await ingest(tx, catalog)
        editors = {file: await editor_of(edit, found_in(tx.session), registry.policy) for file, edit in edits.items()}
        if unknown := unknown_editors(editors, registry.policy):
            raise DefinitionRejected(unknown)
        await definitions.put(
            tx,
            [
                Loaded(
                    name=one.name,
                    digest=one.digest,
                    document=dict(one.document),
                    source=one.file,
                    text=one.source.text,
                    editor=editors.get(one.file),
                )
                for one in registry.actions.values()
            ],
        )
        await give_roles(tx, registry.policy, admins)
        await freezes.put(tx, [(made(one.name, one), one.file) for one in registry.freezes.values()])
        await note_all(tx)
        await schedules.put(
            tx,
            [
                (
                    schedule_made(one.name, one, after=tx.now),
                    one.file,
                    writers(editors.get(one.file)),
                )
                for one in registry.schedules.values()
            ],
        )
        await triggers.put(
            tx,
            [trigger_made(one, writers(editors.get(one.file))) for one in registry.triggers.values()],
        )
    log.info("company.loaded", created=len(done.created), changed=len(done.changed), count=len(registry.actions))


async def take_policy(tx: Tx, policy: Policy | None, admins: str | None) -> bool:
    """Take a policy whole while Daytwo runs: its roles, and whose commits are whose. True when something changed.

    Raises what `give_roles` raises.
    """
    changed = await give_roles(tx, policy, admins)
    for row, editor in await definitions.edited(tx.session):
        whose = await whose_is(editor, found_in(tx.session), policy)
        if whose != editor:
            definitions.edited_by(tx, row, whose)
            changed = True
    return changed


async def take_people(tx: Tx, files: PeopleFiles, admins: str | None) -> bool:
    """Take people and groups whole while Daytwo runs. True when something changed.

    Raises what `ingest_people` raises, and `NobodyAdministers`.
    """
    done = await ingest_people(tx, files)
    named = await grants.members(tx.session, Role.ADMIN) | ({admins} if admins is not None else set())
    if done.removed and named and not await entities.get_many(tx.session, named, sees=EVERYTHING):
        raise NobodyAdministers(
            f"Of those who administer ({', '.join(sorted(named))}) nobody would be left in the catalog. Nothing was "
            "changed, and the people of before stay. Name others in the policy first."
        )
    return bool(done.created or done.changed or done.removed)


async def give_roles(tx: Tx, policy: Policy | None, admins: str | None) -> bool:
    """Those of the policy; without one, everybody looks and asks. A policy that has gone is not taken for none.

    True when something changed. Raises `DefinitionRejected` when nobody would administer, `PolicyMissing`.
    """
    if policy is None:
        before = await grants.source(tx.session)
        if before not in (None, grants.BUILT_IN):
            raise PolicyMissing(
                f"The company had a policy ({before}), and its files hold none now. Nothing was loaded, and the roles "
                "of before stay. Put it back; to let everybody in, write a policy that says so."
            )
        wanted = dict(DEFAULT)
    else:
        for problem in await unknown_members(tx.session, policy, admins):
            log.warning("company.policy", detail=str(problem))
        wanted = {str(role): members for role, members in policy.grants.items()}
    if admins is not None:
        wanted[Role.ADMIN] = tuple({*wanted.get(Role.ADMIN, ()), admins})
    return await grants.put(tx, wanted, source=grants.BUILT_IN if policy is None else Path(policy.document.file).name)


async def unknown_members(session: Session, policy: Policy, admins: str | None) -> list[Problem]:
    """Those of a policy who are nobody. Raises `DefinitionRejected` when nobody would administer."""
    members = {member for members in policy.grants.values() for member in members}
    known = await entities.get_many(session, members, sees=EVERYTHING)
    unknown = list(policy.unknown(known))
    if admins is None and not known.keys() & set(policy.grants[Role.ADMIN]):
        raise DefinitionRejected([one for one in unknown if one.pointer.startswith(f"/spec/roles/{Role.ADMIN}/")])
    return unknown


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
