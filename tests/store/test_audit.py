"""The audit is written with the change or the change is not made; its facts are listed, and its chain is canonical."""

import ast
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from daytwo_store import audit, entities
from daytwo_store.audit import GENESIS, AuditUnwritable, Entry, joined, link, listed
from daytwo_store.audit_check import Whole, verify
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING, Draft
from daytwo_store.tables import AuditHeadRow, AuditRow

pytestmark = pytest.mark.anyio
SHOP = Draft(kind="service", name="shop", title="Shop")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def put(store: Store, *drafts: Draft) -> None:
    async with store.write() as tx:
        for draft in drafts:
            await entities.upsert(tx, draft, by="file:a.yaml")


async def break_audit(store: Store, condition: str = "true") -> None:
    """From now on the database takes no entry for which the condition holds."""
    async with store.engine.begin() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION no_audit() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN IF {condition} THEN RAISE EXCEPTION 'disk full' USING ERRCODE = '53100'; END IF;"
                " RETURN NEW; END $$"
            )
        )
        await connection.execute(
            text("CREATE TRIGGER no_audit BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION no_audit()")
        )


async def test_what_cannot_be_audited_does_not_happen(store: Store) -> None:
    await break_audit(store)
    with pytest.raises(AuditUnwritable) as refused:
        await put(store, SHOP)
    assert (refused.value.status, refused.value.type) == (503, "audit-unwritable")
    assert "nothing was changed" in refused.value.detail
    async with store.read() as session:
        assert await entities.get(session, "service:shop", sees=EVERYTHING) is None
        assert await session.scalar(select(AuditHeadRow.n)) == 0
        assert await session.scalar(select(func.count()).select_from(AuditRow)) == 0


async def test_one_entry_that_cannot_be_written_takes_the_whole_transaction_with_it(store: Store) -> None:
    await break_audit(store, "NEW.subject = 'entity:service:billing'")
    with pytest.raises(AuditUnwritable):
        await put(store, SHOP, Draft(kind="service", name="billing", title="Billing"))
    await put(store, SHOP)
    async with store.read() as session:
        assert await verify(session) == Whole(first=1, last=1, checkpoints=0, outside=0, sealed=0, unchecked=0)


@pytest.mark.parametrize(
    "tampering",
    ["UPDATE audit SET actor = 'p_eve'", "DELETE FROM audit WHERE n = 1", "TRUNCATE audit"],
)
async def test_an_entry_is_not_changed_or_deleted_by_mistake(store: Store, tampering: str) -> None:
    await put(store, SHOP)
    with pytest.raises(DBAPIError, match="never changed or deleted"):
        async with store.engine.begin() as connection:
            await connection.execute(text(tampering))
    async with store.read() as session:
        assert isinstance(await verify(session), Whole)


def test_facts_are_an_allow_list_of_short_strings_without_credentials() -> None:
    given_facts = {
        "run": "r_1",
        "password": "hunter2",
        "why": "w" * 5000,
        "external": "https://ana:secret@ci.example/1",
        "token": "Bearer abcdefgh12345",
        "source": "ghp_0123456789abcdefABCDEF",
        "count": 3,
    }
    kept = listed(given_facts)
    assert kept.keys() == {"run", "why", "external", "token", "source", "count"}
    assert kept["count"] == "3"
    assert len(kept["why"]) == 2000
    assert {kept["external"], kept["token"], kept["source"]} == {"withheld"}


def test_every_fact_that_the_code_writes_is_on_the_list() -> None:
    """A fact that is not would be left out. Literal names are read from the code; others stand in `listed`'s log."""
    root = Path(__file__).parents[2]
    missing = set()
    for component in ("store", "workflows", "api", "actions", "catalog"):
        for file in (root / component).rglob("*.py"):
            tree = ast.parse(file.read_text())
            for function in ast.walk(tree):
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and _audits(function):
                    missing |= {(str(file.relative_to(root)), name) for name in _facts(function)} - {
                        (str(file.relative_to(root)), name) for name in audit.FACTS
                    }
    assert missing == set()


def _audits(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "audit"
        for node in ast.walk(function)
    )


def _facts(function: ast.AST) -> set[str]:
    """Keys of every dictionary given as `facts=` or assigned to a name `facts`."""
    found: set[str] = set()
    for node in ast.walk(function):
        values = []
        if isinstance(node, ast.keyword) and node.arg == "facts":
            values.append(node.value)
        if isinstance(node, ast.Assign) and any(
            isinstance(one, ast.Name) and one.id == "facts" for one in node.targets
        ):
            values.append(node.value)
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id == "facts"
            and isinstance(node.slice, ast.Constant)
        ):
            found.add(str(node.slice.value))
        for value in values:
            for inner in ast.walk(value):
                if isinstance(inner, ast.Dict):
                    found |= {str(key.value) for key in inner.keys if isinstance(key, ast.Constant)}
    return found


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(
    n=st.integers(1, 2**53 - 1),
    words=st.tuples(TEXT, TEXT, TEXT),
    facts=st.dictionaries(st.sampled_from(sorted(audit.FACTS)), TEXT, max_size=5),
    at=st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants it naive
)
def test_the_chain_is_over_canonical_json(
    n: int, words: tuple[str, str, str], facts: Mapping[str, str], at: datetime
) -> None:
    actor, action, subject = words
    entry = Entry(at=at, actor=actor, action=action, subject=subject, facts=facts)
    document = {"n": n, "at": at.isoformat(), "actor": actor, "action": action, "subject": subject, "facts": {**facts}}
    digest = hashlib.sha256(rfc8785.dumps(document)).digest()
    assert audit.digest(n, entry) == digest
    assert link(GENESIS, n, entry) == hashlib.sha256(bytes(32) + digest).hexdigest() == joined(GENESIS, digest)
    assert json.loads(rfc8785.dumps(document)) == document
