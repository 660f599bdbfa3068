"""What was there before, when several entities share a lock."""

from pathlib import Path

import pytest
from company import SHOP, Company
from more_actions import like_deploy, load_beside

from daytwo_store.ids import EntityRef, RunId
from daytwo_workflows.life.asking import Wish, start, undo_wish

pytestmark = pytest.mark.anyio


async def test_undo_goes_back_to_what_this_entity_had(company: Company, tmp_path: Path) -> None:
    one_at_a_time = like_deploy("shared", lock="${{ inputs.environment.name }}", approval=[])
    await load_beside(company, tmp_path, one_at_a_time)

    async def deploy(entity: str, who: str, version: str) -> RunId:
        wish = Wish(
            action="shared",
            requester=await company.person(who),
            token=None,
            entity=EntityRef(entity),
            inputs={"version": version, "environment": "environment:staging"},
            version=None,
        )
        run = RunId((await start(company.life, wish, f"key-{entity}-{version}")).run.id)
        await company.through(run)
        return run

    before = await deploy(SHOP, "ana", "1.0.0")
    await deploy("service:billing", "sam", "1.3.0")
    last = await deploy(SHOP, "ana", "1.2.0")
    row = await company.run(last)
    assert row.previous_run == before
    wish = await undo_wish(company.life, row, await company.person("ana"), None)
    assert (wish.entity, wish.inputs["version"]) == (SHOP, "1.0.0")
