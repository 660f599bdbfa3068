"""The example company's actions fit the workflows of its repositories, which carry the marker and are safe."""

import re
from pathlib import Path
from typing import Any

import pytest

from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.github.wire.inputs import read_workflow
from daytwo_actions.backends.pipelines import PipelineInputs
from daytwo_actions.contracts.check import check_contracts
from daytwo_actions.registry import load_registry
from daytwo_catalog.load import read_company
from daytwo_catalog.model import record

pytestmark = pytest.mark.anyio
EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = [EXAMPLES / "catalog", EXAMPLES / "actions"]


class Files:
    """The workflows as they stand in the checkout."""

    async def parameters(self, target: Target) -> PipelineInputs:
        service = target.project.partition("/")[2]
        path = f".github/workflows/{target.pipeline}"
        file = EXAMPLES / "repositories" / service / "main" / path
        if file.is_file():
            return read_workflow(file.read_bytes(), path)
        raise BackendDenied(f"There is no {target.pipeline} in {target.project}.")


PAGE = EXAMPLES.parent / "docs/how-to/write-an-action.md"


async def test_the_action_that_a_page_adds_to_the_company_fits_the_pipeline_that_it_adds(tmp_path: Path) -> None:
    action, workflow = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)

    class Page:
        async def parameters(self, target: Target) -> PipelineInputs:
            if target.pipeline != "backup.yml":
                return await Files().parameters(target)
            return read_workflow(workflow.encode(), ".github/workflows/backup.yml")

    (tmp_path / "backup.yaml").write_text(action)
    folders = [*FOLDERS, tmp_path]
    backends: dict[str, Any] = {"github": Page()}
    records = [record(draft) for draft in read_company(folders).drafts.values()]
    report = await check_contracts(load_registry(folders).actions.values(), backends, records)
    assert [str(problem) for problem in report.problems] == []
    assert report.checked >= 7
    read = await Page().parameters(Target(project="acme/shop", pipeline="backup.yml", ref="main"))
    assert (read.marked, read.fenced, [str(remark) for remark in read.remarks]) == (True, True, [])


async def test_actions_and_workflows_agree() -> None:
    registry, catalog = load_registry(FOLDERS), read_company(FOLDERS)
    backends: dict[str, Any] = {"github": Files()}
    records = [record(draft) for draft in catalog.drafts.values()]
    report = await check_contracts(registry.actions.values(), backends, records)
    assert [str(problem) for problem in report.problems] == []
    assert report.checked >= 6


@pytest.mark.parametrize("name", ["deploy.yml", "rollback.yml", "restart.yml"])
@pytest.mark.parametrize("service", ["shop", "billing"])
async def test_workflows_are_found_again_and_ask_before_they_work(service: str, name: str) -> None:
    read = await Files().parameters(Target(project=f"acme/{service}", pipeline=name, ref="main"))
    assert (read.marked, read.fenced, [str(remark) for remark in read.remarks]) == (True, True, [])
