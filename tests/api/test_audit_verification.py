"""The audit page asks the server to walk the chain: it holds, or the entry that does not is named."""

import asyncio
from pathlib import Path

import pytest
from api_house import House, problem
from tampering import tamper

from daytwo_api.services.verification import Verification
from daytwo_store.checkpoints import Checkpoint
from daytwo_store.errors import Conflict, Unavailable
from daytwo_store.signing import KeyRing, Signer

pytestmark = pytest.mark.anyio
VERIFY = "/api/v1/audit/verify"
SIGNER = Signer.read(b"1" * 64)


async def test_a_chain_that_holds_and_one_that_does_not(house: House) -> None:
    pat = await house.signed_in("pat")
    said = (await pat.post(VERIFY)).json()
    assert (said["holds"], said["first"], said["broken_at"]) == (True, 1, None)
    assert said["last"] >= 5
    await tamper(house.store, "UPDATE audit SET actor = 'p_eve' WHERE n = 3")
    said = (await pat.post(VERIFY)).json()
    assert (said["holds"], said["broken_at"], said["what"]) == (False, 3, "the entry is not what was written")
    problem(await (await house.signed_in("ana")).post(VERIFY), 403, "forbidden")


async def test_checkpoints_outside_the_database_are_compared(house: House, tmp_path: Path) -> None:
    await house.signed_in("pat")
    async with house.store.read() as session:
        from sqlalchemy import text

        n, hash_ = (await session.execute(text("SELECT n, hash FROM audit_head"))).one()
        now = await house.store.clock.now(session)
    file = tmp_path / "checkpoints"
    file.write_text(Checkpoint.sign(SIGNER, n=n, hash_=hash_, at=now).line() + "\n")
    verification = Verification(house.store, KeyRing.of([SIGNER.public]), file)
    assert (await verification.verify()).outside == 1
    file.write_text(Checkpoint.sign(SIGNER, n=n, hash_="0" * 64, at=now).line() + "\n")
    found = await verification.verify()
    assert (found.holds, found.broken_at) == (False, n)


async def test_one_walk_at_a_time_and_not_for_ever(house: House) -> None:
    await house.signed_in("pat")
    verification = Verification(house.store, KeyRing({}), None)
    first, second = await asyncio.gather(verification.verify(), verification.verify(), return_exceptions=True)
    assert not isinstance(first, BaseException)
    assert isinstance(second, Conflict)
    hurried = Verification(house.store, KeyRing({}), None, seconds=0.0)
    with pytest.raises(Unavailable, match="daytwo audit verify"):
        await hurried.verify()
    with pytest.raises(Unavailable):  # it is free again
        await hurried.verify()
