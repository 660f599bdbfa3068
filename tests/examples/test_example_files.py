"""The YAML files of the company fit together."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from daytwo_actions.registry import load_registry

ACTIONS = ["deploy", "rollback", "restart"]
WORKFLOWS = ["deploy.yml", "rollback.yml", "restart.yml", "scale.yml"]


def documents(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.yaml")):
        yield from yaml.safe_load_all(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def catalog(examples: Path) -> list[dict[str, Any]]:
    return list(documents(examples / "catalog"))


@pytest.fixture(scope="module")
def kinds(catalog: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["metadata"]["name"]: one["spec"] for one in catalog if one["kind"] == "Kind"}


@pytest.fixture(scope="module")
def entities(catalog: list[dict[str, Any]]) -> dict[str, Any]:
    found = [one for one in catalog if one["kind"] == "Entity"]
    by_ref = {f"{one['metadata']['kind']}:{one['metadata']['name']}": one for one in found}
    assert len(by_ref) == len(found), "two entities have one ref"
    return by_ref


def workflow(examples: Path, repository: str, name: str) -> dict[Any, Any]:
    file = examples / "repositories" / repository / "main" / ".github" / "workflows" / name
    loaded: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return loaded


def test_every_document_is_ours(catalog: list[dict[str, Any]]) -> None:
    assert {one["apiVersion"] for one in catalog} == {"daytwo/v1"}
    assert {one["kind"] for one in catalog} == {"Kind", "Entity", "Policy", "Freeze"}


def test_kinds_are_json_schemas(kinds: dict[str, Any]) -> None:
    assert set(kinds) == {"service", "environment", "deployment", "group", "person"}
    for kind in kinds.values():
        Draft202012Validator.check_schema(kind["schema"])


def test_entities_are_as_their_kind_says(kinds: dict[str, Any], entities: dict[str, Any]) -> None:
    for ref, entity in entities.items():
        kind = kinds[entity["metadata"]["kind"]]
        assert [*Draft202012Validator(kind["schema"]).iter_errors(entity["spec"]["properties"])] == [], ref
        for name, value in entity["spec"]["relations"].items():
            relation = kind["relations"][name]
            assert isinstance(value, list) == relation["many"], (ref, name)
            for target in value if relation["many"] else [value]:
                assert target in entities, (ref, name)
                assert target.startswith(f"{relation['kind']}:"), (ref, name)


def test_owners_and_readers_exist(entities: dict[str, Any]) -> None:
    named = [
        group
        for entity in entities.values()
        for group in [entity["metadata"].get("owner"), *entity["metadata"].get("visibleTo", [])]
        if group is not None
    ]
    assert set(named) <= {ref for ref in entities if ref.startswith("group:")}
    assert entities["service:payroll"]["metadata"]["visibleTo"] == ["group:finance"]


def test_every_service_in_every_environment_has_a_machine_a_deployment_and_an_address(
    examples: Path, entities: dict[str, Any]
) -> None:
    machines = yaml.safe_load((examples / "machines.yaml").read_text(encoding="utf-8"))["environments"]
    deployments = {ref for ref in entities if ref.startswith("deployment:")}
    assert deployments == {
        f"deployment:{service}-{place}" for place, services in machines.items() for service in services
    }
    for place, services in machines.items():
        for service, machine in services.items():
            deployment = entities[f"deployment:{service}-{place}"]["spec"]
            url = f"http://127.0.0.1:{machine['port']}/"
            assert deployment["properties"] == {"version": "1.0.0", "replicas": 1, "url": url}
            assert deployment["relations"] == {"service": f"service:{service}", "environment": f"environment:{place}"}
        front = entities[f"environment:{place}"]["spec"]["properties"]["url"]
        assert front == entities[f"deployment:shop-{place}"]["spec"]["properties"]["url"]


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("repository", ["shop", "billing"])
def test_an_action_gives_its_pipeline_what_it_asks_for(examples: Path, name: str, repository: str) -> None:
    action = yaml.safe_load((examples / "actions" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert action["metadata"]["name"] == name
    (step,) = action["spec"]["steps"]
    asked = workflow(examples, repository, step["with"]["pipeline"])[True]["workflow_dispatch"]["inputs"]  # `on`
    given = set(step["with"]["inputs"])
    assert given <= set(asked) - {"daytwo_run"}
    assert {key for key, one in asked.items() if one.get("required")} <= given


def test_the_runbook_and_its_trigger_fit_to_the_company_and_to_the_pipeline(examples: Path) -> None:
    registry = load_registry([examples / name for name in ("catalog", "actions", "runbooks")])
    assert {"shop-incident"} <= {str(name) for name in registry.actions}
    (action,) = (one for one in documents(examples / "runbooks") if one["kind"] == "Action")
    (step,) = (one for one in action["spec"]["steps"] if one["uses"] == "github")
    asked = workflow(examples, "shop", step["with"]["pipeline"])[True]["workflow_dispatch"]["inputs"]
    for one in (step, step["undo"]):
        assert set(one["with"]["inputs"]) == {"environment", "replicas"} <= set(asked)
    assert str(step["with"]["inputs"]["replicas"]) in asked["replicas"]["options"]


def test_all_actions_take_one_lock_and_deploy_and_rollback_change_the_same_entity(examples: Path) -> None:
    actions = list(documents(examples / "actions"))
    assert len({action["spec"]["lock"] for action in actions}) == 1
    changed = {action["metadata"]["name"]: action["spec"].get("catalog") for action in actions}
    assert changed["deploy"] == changed["rollback"]
    assert changed["restart"] is None


def test_groups_that_actions_name_exist(examples: Path, entities: dict[str, Any]) -> None:
    for file in sorted((examples / "actions").glob("*.yaml")):
        named = set(re.findall(r"group:[a-z]+", file.read_text(encoding="utf-8")))
        assert named <= set(entities), file.name


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_keep_our_rules(examples: Path, name: str) -> None:
    loaded = workflow(examples, "shop", name)
    marker = loaded[True]["workflow_dispatch"]["inputs"]["daytwo_run"]
    assert (marker["type"], marker["required"], marker["default"]) == ("string", False, "")
    assert "[${{ inputs.daytwo_run }}]" in loaded["run-name"]
    assert loaded["concurrency"] == {"group": "shop-${{ inputs.environment }}", "cancel-in-progress": False}
    steps = [step for job in loaded["jobs"].values() for step in job["steps"]]
    assert all("${{" not in step.get("run", "") for step in steps), "an input in a script is run as a script"
    assert {step["uses"] for step in steps if "uses" in step} == {"actions/checkout@v4", "./ci/daytwo-claim"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_both_repositories_have_the_same_workflows(examples: Path, name: str) -> None:
    billing = workflow(examples, "billing", name)
    assert billing["env"].pop("SERVICE") == "billing"
    assert billing["concurrency"].pop("group") == "billing-${{ inputs.environment }}"
    shop = workflow(examples, "shop", name)
    del shop["env"]["SERVICE"], shop["concurrency"]["group"]
    assert billing == shop


def test_what_goes_in_waves_is_checked_with_what_it_calls(examples: Path, entities: dict[str, Any]) -> None:
    registry = load_registry([examples / name for name in ("catalog", "actions", "waves")])
    assert "restart-all" in {str(name) for name in registry.actions}
    (action,) = documents(examples / "waves")
    where = action["spec"]["steps"][0]["with"]["targets"]["where"]
    fit = [one for one in entities.values() if where.items() <= one["spec"].get("properties", {}).items()]
    assert len(fit) > 1, "a list of one needs no waves"
