"""S46: edit, delete, insert, swap, cut the end, replace the whole: each is found, and the entry named.

Twice: as somebody does it who changes rows, and as somebody does it who computes the whole chain anew. The second shows
only beside a checkpoint that stands outside.
"""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from tampering import fill, recompute, tamper

from daytwo_store.audit_check import Broken, Whole, of_database, verify
from daytwo_store.audit_cut import cut, last_before
from daytwo_store.checkpoints import Checkpoint, read_lines, written
from daytwo_store.engine import Store
from daytwo_store.errors import Conflict
from daytwo_store.signing import KeyRing, Purpose, Signer
from daytwo_store.tables import AuditHeadRow, AuditRow

pytestmark = pytest.mark.anyio
SIGNER = Signer.read(b"1" * 64)
OTHER = Signer.read(b"2" * 64)
KEYS = KeyRing.of([SIGNER.public])
LAST = 12
INSERT = (
    "INSERT INTO audit SELECT {n}, at, 'p_eve', action, subject, facts, repeat('a', 64) FROM audit ORDER BY n LIMIT 1"
)
SHIFT = "UPDATE audit SET n = -n - 1 WHERE n >= {n}"
BACK = "UPDATE audit SET n = -n WHERE n < 0"
TAMPERINGS = {
    "edit": (7, ["UPDATE audit SET actor = 'p_eve' WHERE n = 7"]),
    "edit of a time": (7, ["UPDATE audit SET at = at - interval '1 hour' WHERE n = 7"]),
    "edit of a fact": (7, ["""UPDATE audit SET facts = '{"n": "8"}' WHERE n = 7"""]),
    "edit of a hash": (7, ["UPDATE audit SET hash = repeat('b', 64) WHERE n = 7"]),
    "delete": (5, ["DELETE FROM audit WHERE n = 5"]),
    "insert": (4, [SHIFT.format(n=4), BACK, INSERT.format(n=4)]),
    "insert at the end": (13, [INSERT.format(n=13)]),
    "swap": (
        6,
        [
            "UPDATE audit a SET (at, actor, subject, facts) = (b.at, b.actor, b.subject, b.facts) FROM audit b "
            "WHERE (a.n, b.n) IN ((6, 9), (9, 6))".replace("  ", " ")
        ],
    ),
    "swap with their hashes": (
        6,
        ["UPDATE audit SET n = -6 WHERE n = 9", "UPDATE audit SET n = 9 WHERE n = 6", BACK],
    ),
    "truncated tail": (11, ["DELETE FROM audit WHERE n > 10"]),
    "truncated beginning": (1, ["DELETE FROM audit WHERE n < 4"]),
    "replaced": (1, ["UPDATE audit SET actor = 'p_eve'"]),
    "emptied": (1, ["DELETE FROM audit"]),
    "the head is set back": (
        11,
        ["UPDATE audit_head SET n = 10, hash = (SELECT hash FROM audit WHERE n = 10)"],
    ),
    "the head is gone": (13, ["DELETE FROM audit_head"]),
}


async def checkpoint(store: Store, signer: Signer = SIGNER) -> Checkpoint:
    """Of the chain as it is now."""
    async with store.read() as session:
        head = (await session.execute(select(AuditHeadRow))).scalar_one()
    return Checkpoint.sign(signer, n=head.n, hash_=head.hash, at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC))


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_somebody_changes_rows(store: Store, name: str) -> None:
    await fill(store, LAST)
    n, statements = TAMPERINGS[name]
    async with store.read() as session:
        assert await verify(session) == Whole(first=1, last=LAST, checkpoints=0, outside=0, sealed=0, unchecked=0)
    await tamper(store, *statements)
    async with store.read() as session:
        found = await verify(session)
    assert isinstance(found, Broken), found
    assert found.n == n, found


ANEW = ["edit", "delete", "insert", "swap", "truncated tail", "truncated beginning", "replaced"]


@pytest.mark.parametrize("name", ANEW)
async def test_somebody_computes_the_chain_anew(store: Store, name: str) -> None:
    await fill(store, 3)
    first = await checkpoint(store)
    await fill(store, LAST - 3, first=4)
    second = await checkpoint(store)
    await tamper(store, *TAMPERINGS[name][1])
    await recompute(store)
    async with store.read() as session:
        assert isinstance(await verify(session, keys=KEYS), Whole), "it would show without a checkpoint"
        found = await verify(session, keys=KEYS, outside=[first, second])
    assert isinstance(found, Broken), found
    early = name in ("truncated beginning", "replaced")
    cut_off = name in ("delete", "truncated tail")
    assert found.n == (3 if early else {"delete": 12, "truncated tail": 11}[name] if cut_off else 12), found
    if not early and not cut_off:
        assert "an entry of 4 to 12 was changed" in found.what


async def test_a_chain_that_holds_says_what_it_was_compared_with(store: Store) -> None:
    await fill(store, 3)
    first = await checkpoint(store)
    async with store.write() as tx:
        await written(tx, first)
    await fill(store, 2, first=4)
    second = await checkpoint(store)
    async with store.read() as session:
        found = await verify(session, keys=KEYS, outside=[first, second])
        alone = await verify(session)
    assert found == Whole(first=1, last=5, checkpoints=2, outside=2, sealed=5, unchecked=0)
    assert alone == Whole(first=1, last=5, checkpoints=0, outside=0, sealed=0, unchecked=1)


async def test_what_two_keys_have_signed_of_one_entry_is_read_across_pages(store: Store) -> None:
    """A key was changed: of two checkpoints of the entry at the border of a page, none is passed over."""
    signed = []
    for count in range(1, 4):
        await fill(store, 1, first=count)
        signed += [await checkpoint(store), await checkpoint(store, OTHER)]
    async with store.write() as tx:
        for one in signed:
            await written(tx, one)
    async with store.read() as session:
        for size in (1, 2, 3, 4, 6):
            found = await of_database(session, page=size)
            assert {(one.n, one.key) for one in found} == {(one.n, one.key) for one in signed}, size
            assert len(found) == 6


async def test_a_checkpoint_that_was_changed_or_is_anothers_is_a_finding(store: Store) -> None:
    await fill(store, 3)
    good = await checkpoint(store)
    forged = Checkpoint(n=2, hash=good.hash, at=good.at, key=good.key, signature=good.signature)
    async with store.read() as session:
        wrong = await verify(session, keys=KEYS, outside=[good, forged])
        foreign = await verify(session, keys=KEYS, outside=[await checkpoint(store, OTHER)])
        rotated = await verify(
            session,
            keys=KeyRing.of([SIGNER.public, OTHER.public]),
            outside=[good, await checkpoint(store, OTHER)],
        )
    assert isinstance(wrong, Broken)
    assert (wrong.n, "no valid signature" in wrong.what) == (2, True)
    assert isinstance(foreign, Broken)
    assert OTHER.key in foreign.what
    assert isinstance(rotated, Whole)


async def test_lines_of_files_and_logs_are_read_and_what_a_crash_left_is_counted(store: Store) -> None:
    await fill(store, 3)
    one = await checkpoint(store)
    line = one.line()
    logged = '{"event": "audit.checkpoint", "checkpoint": ' + json.dumps(line) + "}"
    assert read_lines([line, "", line[:40], logged, '{"event": "worker.ready"}', "[" * 10_000]) == ([one, one], 3)


async def test_what_was_cut_stays_verifiable(store: Store) -> None:
    await fill(store, 6)
    early = await checkpoint(store)
    await fill(store, 4, first=7)
    late = await checkpoint(store)
    with pytest.raises(Conflict, match="Only entries up to 0 stand in a signed checkpoint"):
        await cut(store, SIGNER, to=6, actor="operator")
    async with store.write() as tx:
        await written(tx, early)
        await written(tx, late)
    assert await cut(store, SIGNER, to=6, actor="operator") == 6
    async with store.read() as session:
        rest = list(await session.scalars(select(AuditRow.n).order_by(AuditRow.n)))
        whole = await verify(session, keys=KEYS, outside=[early, late])
        without_key = await verify(session)
    assert rest == [7, 8, 9, 10, 11]
    assert whole == Whole(first=7, last=11, checkpoints=2, outside=2, sealed=10, unchecked=0)
    assert isinstance(without_key, Broken)
    assert SIGNER.key in without_key.what

    await tamper(store, "DELETE FROM audit WHERE n = 7")
    async with store.read() as session:
        found = await verify(session, keys=KEYS)
    assert isinstance(found, Broken)
    assert found.n == 7


async def test_a_cut_that_nobody_signed_is_found(store: Store) -> None:
    await fill(store, 6)
    facts = {"to": "3", "hash": "0" * 64, "key": SIGNER.key, "signature": OTHER.sign(Purpose.CUT, {"to": 3})}
    async with store.write() as tx:
        tx.audit(actor="p_eve", action="audit.cut", subject="audit", facts=facts)
    await tamper(store, "DELETE FROM audit WHERE n <= 3")
    async with store.read() as session:
        found = await verify(session, keys=KEYS)
    assert isinstance(found, Broken)
    assert "its signature is wrong" in found.what


async def test_the_entries_before_a_time(store: Store) -> None:
    await fill(store, 3)
    async with store.read() as session:
        assert await last_before(session, datetime(2000, 1, 1, tzinfo=UTC)) == 0
        assert await last_before(session, datetime(2100, 1, 1, tzinfo=UTC)) == 3
        second = await session.scalar(select(AuditRow.at).where(AuditRow.n == 2))
        assert second is not None
        assert await last_before(session, second) == 1
