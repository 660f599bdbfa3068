"""The services of docker-compose.yml placed on this machine, with the embedded PostgreSQL and Temporal."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from deploying import ROOT, Outside, as_postgres, compose, query, read_env

from daytwo_cli.up.ports import free_port
from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_cli.up.temporal import EmbeddedTemporal

FIXED_PORTS: Final = ("8081", "8082", "8083", "18110", "18111", "18120", "18121")


def make_secrets(folder: Path) -> None:
    """By the very commands of the how-to."""
    told = (ROOT / "docs/how-to/run-in-containers.md").read_text()
    commands = re.search(r"```sh\n# the secrets\n(.*?)```", told, re.DOTALL)
    assert commands, "the how-to has a block that begins with '# the secrets'"
    subprocess.run(["bash", "-euc", commands[1]], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """Everything placed in a folder, PostgreSQL and Temporal running, nothing of ours started yet."""
    tmp_path = tmp_path_factory.mktemp("outside")
    make_secrets(tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "opt-acme", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tmp").mkdir()
    with EmbeddedPostgres(tmp_path / "pg") as postgres, EmbeddedTemporal(tmp_path / "temporal") as temporal:
        ports = {"DAYTWO_API_PORT": str(free_port()), "DAYTWO_TEMPORAL_PORT": str(temporal.port)}
        file = compose({**read_env(ROOT / ".env.example"), **ports})
        moved = {
            "postgresql://daytwo@127.0.0.1:5432/daytwo": postgres.url.replace("postgres@", "daytwo@"),
            "/run/secrets": str(tmp_path / ".daytwo/containers"),
            "/etc/daytwo/company": str(tmp_path / "opt-acme"),
            "/etc": str(tmp_path / "etc"),
            "/srv/acme": str(tmp_path / "srv-acme"),
            "/opt/acme": str(tmp_path / "opt-acme"),
            "/docker-entrypoint-initdb.d": str(tmp_path / "initdb"),
            "/tmp": str(tmp_path / "tmp"),
            **{port: str(free_port()) for port in FIXED_PORTS},
        }
        house = Outside(file, tmp_path, moved, postgres.address)
        for yaml_file in [tmp_path / "opt-acme/machines.yaml", *(tmp_path / "opt-acme/catalog").glob("*.yaml")]:
            yaml_file.write_text(house.here(yaml_file.read_text()))
        house.write()
        initialise(house)
        yield house
        house.clear_up()


def initialise(house: Outside) -> None:
    """What the first start of the PostgreSQL image does: run our script, which makes the databases."""
    query(house, "DROP DATABASE daytwo")
    script = house.folder / "initdb/10-databases.sh"
    reading = [
        "bash",
        "-Eeo",
        "pipefail",
        "-c",
        f'. "{script}"; echo "${{unset}} and on"',
    ]  # as the image's script does
    done = subprocess.run(reading, env=as_postgres(house), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, " and on\n"), done.stderr
