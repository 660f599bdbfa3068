"""Files of evidence in tests: as the API gives them, checked as `daytwo evidence verify` does."""

from datetime import timedelta
from typing import Any

from api_house import House

from daytwo_store.evidence_check import points
from daytwo_store.signing import KeyRing, Signer
from daytwo_workflows.seal import Seal

SIGNER = Signer.read(b"1" * 64)  # as the settings of these tests have it
KEYS = KeyRing.of([SIGNER.public])


async def checkpoint(house: House) -> None:
    async with house.store.read() as session:
        now = await house.store.clock.now(session)
    await Seal(store=house.store, signer=SIGNER, file=None).seal(now + timedelta(hours=1))


async def evidence_of(house: House, run: str) -> bytes:
    answer = await (await house.signed_in("pat")).get(f"/api/v1/runs/{run}/evidence")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == f'attachment; filename="{run}.evidence.json"'
    return answer.content


def failing(evidence: dict[str, Any], log: bytes | None = None) -> list[str]:
    return [point.text for point in points(evidence, KEYS, log) if not point.holds]
