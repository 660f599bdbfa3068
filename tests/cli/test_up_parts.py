"""The data folder, its ports and files, and the example company placed in it."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from daytwo_cli.errors import CliError, Usage
from daytwo_cli.up.backends import Backends, wanted
from daytwo_cli.up.company import find_examples, settle
from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.house import House, Wish
from daytwo_cli.up.ports import PortBook
from daytwo_cli.up.standin import Kind


def test_secrets_are_made_once_and_are_for_their_user_alone(tmp_path: Path) -> None:
    folder = DataFolder.create(tmp_path / "data")
    key = folder.secret("key")
    first = key.read_text()
    assert len(bytes.fromhex(first)) == 32
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700
    assert DataFolder.create(tmp_path / "data").secret("key").read_text() == first
    assert folder.secret("other").read_text() != first


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CliError, match=r"cannot be used: .*--data"):
        DataFolder.create(tmp_path / "file" / "data")


def test_a_second_user_of_the_folder_is_told_where_the_first_one_answers(tmp_path: Path) -> None:
    folder = DataFolder.create(tmp_path)
    folder.processes.write_text(json.dumps({"page": "http://127.0.0.1:4321", "pid": 77}))
    with folder.sole_user():
        other = f"""
from pathlib import Path
from daytwo_cli.up.folder import DataFolder
with DataFolder.create(Path({str(tmp_path)!r})).sole_user():
    print("inside")
"""
        done = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)
        assert "already runs on" in done.stderr
        assert "process 77" in done.stderr
        assert "http://127.0.0.1:4321" in done.stderr
    assert subprocess.run([sys.executable, "-c", other], capture_output=True, check=True).stdout == b"inside\n"


def test_ports_stay_the_same_as_long_as_they_are_free(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    first = {name: book.port(name) for name in "abcdefgh"}
    assert len(set(first.values())) == 8
    again = PortBook(tmp_path / "ports.json")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first["a"]))
        taken.listen()
        assert again.port("a") != first["a"]
    assert {name: again.port(name) for name in "bcdefgh"} == {name: first[name] for name in "bcdefgh"}
    assert again.port("api", wanted=12345) == 12345


def test_the_company_gets_ports_of_its_own_everywhere(tmp_path: Path) -> None:
    folder = DataFolder.create(tmp_path)
    company = settle(folder, find_examples(), PortBook(folder / "ports.json"))
    named = yaml.safe_load_all((folder / "company" / "catalog" / "deployments.yaml").read_text())
    urls = {entity["metadata"]["name"]: entity["spec"]["properties"]["url"] for entity in named}
    for environment in ("staging", "production"):
        assert urls[f"shop-{environment}"] == company.application("shop", environment) + "/"
    assert len(set(urls.values())) == len(urls) == 4
    written = json.loads((folder / "machines.json").read_text())["environments"]
    assert company.application("shop", "staging").endswith(str(written["staging"]["shop"]["port"]))
    assert json.loads(company.variables(company.services[0])["PORTS"]).keys() == {"staging", "production"}


def test_without_an_example_company(tmp_path: Path) -> None:
    folder = DataFolder.create(tmp_path)
    with pytest.raises(CliError, match=r"no example company.*docs/reference/settings\.md"):
        settle(folder, tmp_path / "nothing", PortBook(folder / "ports.json"))


def test_no_secret_stands_in_a_configuration(tmp_path: Path) -> None:
    folder = DataFolder.create(tmp_path)
    house = House.plan(Wish(data=tmp_path), folder)
    secrets = [folder.secret(name).read_text() for name in ("github-token", "github-webhook", "key")]
    for name in ("daytwo.yaml", "github.json", "machines.json", "ports.json"):
        text = (folder / name).read_text()
        assert not any(secret in text for secret in secrets)
    assert not any(secret in value for value in house.product.environment().values() for secret in secrets)


def test_what_our_processes_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("DAYTWO_TOKEN", "mine")
    folder = DataFolder.create(tmp_path)
    product = House.plan(Wish(data=tmp_path, port=18999, profile="test"), folder).product
    told = product.environment()
    assert told["DAYTWO_API_PORT"] == "18999"
    assert told["DAYTWO_PROFILE"] == "test"
    assert told["PATH"] == os.environ["PATH"]
    assert not {"HTTPS_PROXY", "DAYTWO_TOKEN"} & told.keys()
    config = yaml.safe_load((folder / "daytwo.yaml").read_text())
    assert config["public_url"] == "http://127.0.0.1:18999"
    assert config["connections"]["github"]["token_file"] == str(folder.secret("github-token"))
    assert json.loads((folder / "github.json").read_text())["webhooks"][0]["url"] == product.webhook("github")


def test_without_webhooks(tmp_path: Path) -> None:
    House.plan(Wish(data=tmp_path, webhooks=False), DataFolder.create(tmp_path))
    assert json.loads((tmp_path / "github.json").read_text())["webhooks"] == []


def test_which_ci_systems_are_wanted() -> None:
    def nothing() -> str:
        return ""

    def no_rsync() -> str:
        return "rsync was not found. Install it; nothing was executed."

    assert wanted("github", missing=no_rsync) == Backends()
    assert wanted("argo", missing=no_rsync).kinds == {Kind.GITHUB, Kind.ARGO}
    assert wanted("all", missing=nothing) == wanted("gitlab, argo", missing=nothing) == Backends(frozenset(Kind))
    left = wanted("all", missing=no_rsync)
    assert left.kinds == {Kind.GITHUB, Kind.ARGO}
    assert left.left_out.startswith("GitLab is left out: rsync was not found")
    with pytest.raises(CliError, match="rsync was not found"):
        wanted("gitlab", missing=no_rsync)
    with pytest.raises(Usage, match=r"no CI system jenkins to start\. Known: github, gitlab, argo, all"):
        wanted("github,jenkins", missing=nothing)


def test_further_ci_systems_come_with_their_connections_and_actions_and_only_when_they_are_wanted(
    tmp_path: Path,
) -> None:
    folder = DataFolder.create(tmp_path)
    House.plan(Wish(data=tmp_path), folder)
    alone = yaml.safe_load((folder / "daytwo.yaml").read_text())
    assert list(alone["connections"]) == ["github"]
    house = House.plan(Wish(data=tmp_path, backends=Backends(frozenset(Kind))), folder)
    told = yaml.safe_load((folder / "daytwo.yaml").read_text())
    assert list(told["connections"]) == ["github", "gitlab", "argo"]
    assert set(told["company"]) - set(alone["company"]) == {
        str(find_examples() / "backends" / kind / "actions") for kind in ("gitlab", "argo")
    }
    secrets = [folder.secret(f"{kind}-{what}").read_text() for kind in Kind for what in ("token", "webhook")]
    for name in ("daytwo.yaml", "github.json", "gitlab.json", "argo.json"):
        assert not any(secret in (folder / name).read_text() for secret in secrets)
    assert [part.name for part in house.parts if "stand-in" in part.name] == [
        "GitHub stand-in",
        "GitLab stand-in",
        "Argo stand-in",
    ]
