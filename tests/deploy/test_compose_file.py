"""docker-compose.yml: fits the published schema, and keeps the promises of its first lines."""

import hashlib
import importlib.util
import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml
from deploying import NOT_OURS, ROOT, NotSet, compose, interpolate, read_env, seconds

from daytwo_cli.up.temporal import find_temporal
from daytwo_standins.machines.config import ServiceName, load_config
from daytwo_standins.machines.variables import variables

SCHEMA: Final = Path(__file__).with_name("compose-spec.json")
ONE_SHOT: Final = {"temporal-schema", "temporal-namespace", "migrations", "repositories"}
ENV: Final = read_env(ROOT / ".env.example")
FILE: Final = compose(ENV)
SERVICES: Final[dict[str, dict[str, Any]]] = FILE["services"]
every_service = pytest.mark.parametrize("name", SERVICES)
ours = pytest.mark.parametrize("name", sorted(SERVICES.keys() - NOT_OURS))


def test_the_schema_is_the_published_one() -> None:
    assert hashlib.sha256(SCHEMA.read_bytes()).hexdigest() in SCHEMA.with_name("README.md").read_text()
    assert json.loads(SCHEMA.read_bytes())["title"] == "Compose Specification"


def test_it_fits_the_schema_of_the_compose_specification() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes()))
    for document in (yaml.safe_load((ROOT / "docker-compose.yml").read_text()), FILE):
        assert [fault.message for fault in validator.iter_errors(document)] == []
    assert not validator.is_valid({"services": {"api": {"comand": []}}}), "the schema refuses misspelt keys"


def test_the_services() -> None:
    assert SERVICES.keys() == {*NOT_OURS, "migrations", "api", "worker", "repositories", "machines", "standin"}
    of_profile = {name for name, service in SERVICES.items() if service.get("profiles")}
    assert of_profile == {"repositories", "machines", "standin"}
    assert all(SERVICES[name]["profiles"] == ["standin"] for name in of_profile)


@pytest.mark.parametrize("missing", ["DAYTWO_COMPANY", "DAYTWO_CONFIG", "DAYTWO_SIGN_IN"])
def test_nothing_that_matters_is_guessed(missing: str) -> None:
    with pytest.raises(NotSet, match=missing):
        compose({name: value for name, value in ENV.items() if name != missing})


def test_variables_are_filled_in_as_compose_does_it() -> None:
    assert interpolate("a $$b ${A} ${B:-x${C:-y}}", {"A": "1", "B": ""}) == "a $b 1 xy"
    with pytest.raises(NotSet, match="D: say it"):
        interpolate("${D:?say it}", {})


def test_every_variable_is_in_the_example() -> None:
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    told = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used == told - {"COMPOSE_PROFILES"}


@every_service
def test_images_are_pinned_or_built_here(name: str) -> None:
    service = SERVICES[name]
    if name in NOT_OURS:
        assert re.fullmatch(r"[a-z]+(/[a-z-]+)?:\d+\.\d+(\.\d+)?(-[a-z]+)?", service["image"])
    else:
        assert service["build"]["target"] in ("daytwo", "standin")
        assert service["image"].startswith("daytwo")


def test_temporal_is_the_version_that_the_tests_run_with() -> None:
    said = subprocess.run([find_temporal(), "--version"], capture_output=True, text=True, check=True).stdout
    server, page = re.search(r"Server ([\d.]+), UI ([\d.]+)", said).groups()  # type: ignore[union-attr]  # else its output is another
    images = {name: SERVICES[name]["image"] for name in NOT_OURS - {"postgres"}}
    assert images == {
        "temporal": f"temporalio/server:{server}",
        "temporal-schema": f"temporalio/admin-tools:{server}",
        "temporal-namespace": f"temporalio/admin-tools:{server}",
        "temporal-ui": f"temporalio/ui:{page}",
    }


@every_service
def test_nothing_is_published_but_on_loopback(name: str) -> None:
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    if name not in NOT_OURS:
        assert service["network_mode"] == "host"
        assert service.get("environment", {}).get("DAYTWO_API_HOST", "127.0.0.1") == "127.0.0.1"
        assert "--host" not in " ".join(service["command"])


@every_service
def test_secrets_are_files_without_a_default(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= FILE["secrets"].keys()
    for key, value in service.get("environment", {}).items():
        if re.search("PASSWORD|PWD|TOKEN|SECRET|KEY", key):
            assert str(value).startswith("/run/secrets/"), key
        assert not re.search(r"://[^/@]*:[^/@]+@", str(value)), f"{key} holds a password"
    read = set(re.findall(r"/run/secrets/(\w+)", json.dumps(service)))
    for use in service.get("configs", []):
        read |= set(re.findall(r"/run/secrets/(\w+)", FILE["configs"][use["source"]]["content"]))
    assert read <= set(service.get("secrets", []))
    assert all(set(secret) == {"file"} for secret in FILE["secrets"].values())


@every_service
def test_what_stays_is_watched_and_started_again(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["restart"].startswith("on-failure:")
        assert "healthcheck" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["deploy"]["resources"]["limits"]["memory"]


@every_service
def test_it_waits_for_what_it_needs(name: str) -> None:
    for need, how in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if need in ONE_SHOT else "service_healthy"
        assert how["condition"] == expected
        same_profile = SERVICES[need].get("profiles", []) in ([], SERVICES[name].get("profiles", []))
        assert same_profile, f"{name} waits for {need}, which may not be there"


@ours
def test_our_processes_may_do_nothing_that_they_need_not(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service, "the image says who it runs as"
    assert "privileged" not in service


@ours
def test_the_commands_are_modules_that_exist(name: str) -> None:
    program, *rest = SERVICES[name]["command"]
    assert program == "python"
    if rest[0] == "-m":
        assert importlib.util.find_spec(rest[1])
    else:
        assert (ROOT / rest[0].replace("/opt/acme", "examples")).is_file()


def test_there_is_time_to_end() -> None:
    """The worker finishes what is at hand within 20 s, the API within 5."""
    assert 20 < seconds(SERVICES["worker"]["stop_grace_period"]) <= 30
    assert 5 < seconds(SERVICES["api"]["stop_grace_period"]) <= 30


def test_the_stand_in_is_told_where_the_machines_are() -> None:
    machines = load_config(ROOT / "examples/machines.yaml")
    told = yaml.safe_load(FILE["configs"]["standin_github"]["content"])
    for repository in told["repositories"]:
        service = ServiceName(repository["full_name"].removeprefix("acme/"))
        expected = variables(Path("/srv/acme/environments"), service, config=machines)
        told_daytwo = repository["vars"].pop("DAYTWO")
        assert told_daytwo == SERVICES["api"]["environment"]["DAYTWO_PUBLIC_URL"], "what tokens have to be made for"
        assert {name: expected[name] for name in repository["vars"]} == repository["vars"]
    assert len(told["repositories"]) == len({service for _, service, _ in machines.machines()})


def test_configurations_are_used_and_exist() -> None:
    used = {use["source"] for service in SERVICES.values() for use in service.get("configs", [])}
    assert used == FILE["configs"].keys()
