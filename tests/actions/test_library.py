"""The library's actions fit the pipelines that come with them, on GitHub, GitLab and Argo."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from daytwo_actions.backends.argo.wire.inputs import read_template
from daytwo_actions.backends.base import Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.github.wire.inputs import read_workflow
from daytwo_actions.backends.gitlab.wire.inputs import read_pipeline
from daytwo_actions.backends.pipelines import PipelineInputs
from daytwo_actions.backends.remarks import Code
from daytwo_actions.contracts.check import check_contracts
from daytwo_actions.definitions.check import Surroundings
from daytwo_actions.registry import load_registry, load_texts
from daytwo_catalog.load import read_company
from daytwo_catalog.model import record

pytestmark = pytest.mark.anyio
LIBRARY: Final = Path(__file__).parents[2] / "actions/library"
CATALOG: Final = LIBRARY / "catalog"
FOLDERS: Final = sorted(one for one in LIBRARY.glob("*/actions"))
PIPELINES: Final = ["access", "deploy", "diagnose", "preview", "restart", "rollback", "scale", "terraform"]


def file_of(vendor: str, pipeline: str) -> Path:
    (found,) = LIBRARY.glob(f"*/{vendor}/{pipeline}.y*ml")
    return found


def read(vendor: str, pipeline: str) -> PipelineInputs:
    file = file_of(vendor, pipeline)
    if vendor == "github":
        return read_workflow(file.read_bytes(), file.name)
    if vendor == "gitlab":
        return read_pipeline(file.read_bytes(), file.name)
    return read_template(yaml.safe_load(file.read_text()), file.name)


def moved(text: str, vendor: str) -> str:
    """The changes that the library's page names for another CI system."""
    document: dict[str, Any] = yaml.safe_load(text)
    for step in document["spec"]["steps"]:
        for one in (step, step.get("undo")):
            if one is not None and one["uses"] == "github":
                one["uses"] = vendor
                _aim(one["with"], vendor)
    for page in document["spec"]["form"]["pages"]:
        for field in page["properties"].values():
            if "connection" in field.get("from", {}):
                _offer(field, vendor)
    return yaml.safe_dump(document, sort_keys=False)


def _aim(what: dict[str, Any], vendor: str) -> None:
    name = what["pipeline"].removesuffix(".yml")
    if vendor == "gitlab":
        del what["pipeline"]
        what["project"] = f"acme/operations-{name}"
    else:
        del what["ref"]
        what["project"], what["pipeline"] = "operations", name


def _offer(field: dict[str, Any], vendor: str) -> None:
    """Argo knows nothing of a repository: there one types what is wanted."""
    if vendor == "argo":
        del field["from"]
    else:
        field["from"]["connection"] = vendor


class Files:
    """Pipelines as they stand in the library."""

    def __init__(self, vendor: str) -> None:
        self.vendor = vendor

    async def parameters(self, target: Target) -> PipelineInputs:
        name = target.pipeline.removesuffix(".yml") or target.project.removeprefix("acme/operations-")
        if name not in PIPELINES:
            raise BackendDenied(f"There is no {name}.")
        return read(self.vendor, name)


@pytest.mark.parametrize("vendor", ["github", "gitlab", "argo"])
async def test_actions_and_pipelines_agree(vendor: str) -> None:
    around = Surroundings(
        kinds=load_registry([CATALOG]).kinds,
        connections={vendor: vendor},
        services={"metrics": (), "pager": ("pager_key",)},
    )
    files = [one for folder in FOLDERS for one in sorted(folder.glob("*.yaml"))]
    texts = [(str(one), one.read_text() if vendor == "github" else moved(one.read_text(), vendor)) for one in files]
    registry = load_texts(texts, surroundings=around)
    assert len(registry.actions) == 9
    backends: Mapping[str, Any] = {vendor: Files(vendor)}
    records = [record(draft) for draft in read_company([CATALOG]).drafts.values()]
    report = await check_contracts(registry.actions.values(), backends, records)
    assert [str(problem) for problem in report.problems] == []
    assert report.checked >= 8


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("vendor", ["github", "gitlab", "argo"])
def test_pipelines_are_found_again_and_ask_before_they_work(vendor: str, pipeline: str) -> None:
    found = read(vendor, pipeline)
    remarks = [one for one in found.remarks if vendor != "argo" or one.code is not Code.ELSEWHERE]
    assert (found.marked, found.fenced, remarks) == (True, True, [])


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_all_three_run_the_same_script_with_the_same_values(pipeline: str) -> None:
    script = file_of("github", pipeline).parents[1] / f"{pipeline}.sh"
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    words = script.read_text()
    for vendor in ("github", "gitlab", "argo"):
        text = file_of(vendor, pipeline).read_text()
        assert f"bash library/{script.relative_to(LIBRARY)}" in text
        names = [one.name for one in read(vendor, pipeline).inputs if not one.name.startswith("daytwo")]
        assert names
        for name in names:
            assert re.search(rf"\b{name.upper()}\b", words), (vendor, name)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_script_has_what_it_cannot_do_without(pipeline: str) -> None:
    """From an input, or from a variable that the page names: GitHub hands those over one by one, the others all."""
    script = file_of("github", pipeline).parents[1] / f"{pipeline}.sh"
    page = (LIBRARY.parents[1] / "docs/how-to/use-the-library.md").read_text()
    listed = {name for row in re.findall(r"^ +\| (`[A-Z_`, ]+`) \|", page, re.MULTILINE) for name in row.split("`")}
    for name in set(re.findall(r"\$\{([A-Z_0-9]+):\?", script.read_text())):
        github = file_of("github", pipeline).read_text()
        found = re.search(rf"^  {name}: \$\{{\{{ (inputs|vars)\.(\w+) \}}\}}$", github, re.MULTILINE)
        assert found, (pipeline, name)
        if found[1] == "vars":
            assert (found[2], name in listed) == (name, True), (pipeline, name)
        else:
            assert re.search(rf"^  {name}: ", file_of("gitlab", pipeline).read_text(), re.MULTILINE), (pipeline, name)
            assert f"{{ name: {name}, value:" in file_of("argo", pipeline).read_text(), (pipeline, name)


def test_every_action_has_tests_and_every_folder_a_page() -> None:
    for folder in FOLDERS:
        for definition in folder.glob("*.yaml"):
            assert definition.with_name(f"{definition.stem}.test.yml").is_file(), definition
    assert len(FOLDERS) == 8
