"""Registering compares new actions with their pipelines; what is registered already is never lost by it."""

from pathlib import Path

import pytest
from ci_in_memory import CiInMemory

from daytwo_actions.backends.pipelines import InputType, PipelineInput
from daytwo_actions.definitions import DefinitionRejected
from daytwo_store import definitions
from daytwo_store.engine import Store
from daytwo_workflows.company import load_company

pytestmark = pytest.mark.anyio
EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = [EXAMPLES / "catalog", EXAMPLES / "actions"]
NEEDS = (PipelineInput(name="nobody-gives-this", type=InputType.STRING, required=True, line=7),)


async def load(store: Store, ci: CiInMemory) -> None:
    await load_company(store, FOLDERS, {"github": "github"}, backends={"github": ci})


async def registered(store: Store) -> list[str]:
    async with store.read() as session:
        return [row.name for row in await definitions.current(session)]


async def test_a_new_action_that_its_pipeline_cannot_take_is_refused_and_nothing_is_loaded(store: Store) -> None:
    ci = CiInMemory()
    ci.declares = NEEDS
    with pytest.raises(DefinitionRejected, match="requires the input `nobody-gives-this`") as refused:
        await load(store, ci)
    assert await registered(store) == []
    assert all(problem.line > 1 for problem in refused.value.problems)


async def test_a_ci_system_that_does_not_answer_keeps_nothing_from_being_registered(store: Store) -> None:
    ci = CiInMemory()
    ci.down = True
    await load(store, ci)
    assert "deploy" in await registered(store)


async def test_what_is_registered_already_stays_when_its_pipeline_has_changed(store: Store) -> None:
    ci = CiInMemory()
    await load(store, ci)
    before = await registered(store)
    ci.declares = NEEDS
    await load(store, ci)
    assert await registered(store) == before
