"""What docker-compose.yml says is what works: its commands, environment and order, outside containers."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

import pytest
from deploying import Outside, query

from daytwo_cli.up.temporal import find_temporal


def test_postgresql_is_the_major_version_of_the_file(outside: Outside) -> None:
    major = (outside.folder / "pg/PG_VERSION").read_text().strip()
    assert outside.service("postgres")["image"].startswith(f"postgres:{major}.")
    assert outside.service("postgres")["volumes"] == ["postgres:/var/lib/postgresql"], (
        "where images from 18 on keep data"
    )


def test_the_first_start_makes_two_owners_with_passwords_and_their_databases(outside: Outside) -> None:
    made = query(outside, "SELECT datname, rolname FROM pg_database JOIN pg_roles ON datdba = pg_roles.oid ORDER BY 1")
    assert {"daytwo|daytwo", "temporal|temporal", "temporal_visibility|temporal"} <= set(made)
    assert query(outside, "SELECT rolname FROM pg_authid WHERE rolpassword LIKE 'SCRAM%' ORDER BY 1") == [
        "daytwo",
        "temporal",
    ]
    assert query(outside, "SELECT rolname FROM pg_roles WHERE rolsuper") == ["postgres"]


def test_the_namespace_is_made_once(outside: Outside) -> None:
    program, flag, script = outside.service("temporal-namespace")["entrypoint"]
    told = {
        "PATH": os.pathsep.join([str(Path(find_temporal()).parent), "/usr/bin", "/bin"]),
        "HOME": str(outside.folder),
        "TEMPORAL_ADDRESS": outside.environment("api")["DAYTWO_TEMPORAL_ADDRESS"],
    }
    for namespace in ("default", "another", "another"):
        argv = [program, flag, script.replace("default", namespace)]
        done = subprocess.run(argv, env=told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert namespace in done.stdout


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_processes_start_in_order_carry_out_a_deploy_and_stop(outside: Outside) -> None:
    order = outside.order({"standin"})
    for name in order:
        outside.start(name)
    staying = [name for name in order if outside.service(name)["restart"] == "unless-stopped"]
    assert set(order) - set(staying) == {"migrations", "repositories"}
    for name in staying:
        outside.wait_healthy(name)

    with urllib.request.urlopen(f"{outside.environment('api')['DAYTWO_URL']}/readyz") as answer:
        assert json.load(answer)["ready"] is True

    assert outside.daytwo("login", "--as", "ana").returncode == 0
    wish = ["--entity", "service:shop", "--input", "version=1.1.0", "--input", "environment=environment:staging"]
    done = outside.daytwo("run", "deploy", *wish, "--yes", "--follow")
    assert done.returncode == 0, done.stdout + done.stderr + outside.log("worker")[-4000:]
    entity = json.loads(outside.daytwo("entities", "deployment:shop-staging", "--json").stdout)
    log = outside.daytwo("logs", entity["properties"]["run"]).stdout
    assert "Daytwo: this run may work." in log, "the pipeline asked first, with a token of its own"
    assert entity["properties"]["version"] == "1.1.0"

    assert {name: outside.stop(name) for name in reversed(staying)} == dict.fromkeys(staying, 0)


def test_without_its_secrets_nothing_starts(outside: Outside) -> None:
    """The password is read before anything else, so a missing file ends the process with its name."""
    missing = outside.here("/run/secrets/daytwo_password")
    argv = [part.replace(missing, f"{missing}-gone") for part in outside.argv("api")]
    done = subprocess.run(argv, env=outside.environment("api"), capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert "daytwo_password-gone" in done.stderr
