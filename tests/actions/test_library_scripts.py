"""What the library's scripts do to a cluster, and that what they take back is what there was before."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

LIBRARY: Final = Path(__file__).parents[2] / "actions/library"
SUPPORT: Final = Path(__file__).parents[1] / "support"
SHOP: Final = {"SERVICE": "shop", "ENVIRONMENT": "production"}


needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is missing: apt-get install jq")


@dataclass
class World:
    """What a stand-in of a command changes, in a file of its folder."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "world.json"

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.file.read_text())
        return state

    def put(self, **more: object) -> None:
        self.file.write_text(json.dumps({**self.state, **more}))


class Cluster(World):
    def play(self, script: str, **given: str) -> int:
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        environment = {**SHOP, "PATH": path, "KUBECTL_STATE": str(self.file), "REGISTRY": "r.example", **given}
        return subprocess.run(
            ["bash", LIBRARY / script], env=environment, cwd=self.folder, check=False, capture_output=True
        ).returncode

    def deploy(self, phase: str, version: str, run: str = "r_1") -> int:
        return self.play("deploy/deploy.sh", PHASE=phase, VERSION=version, RUN=run, SHARE="10")

    @property
    def images(self) -> Mapping[str, str]:
        return {name: one["image"].rpartition(":")[2] for name, one in self.state["deployments"].items()}


def command(folder: Path, name: str, text: str) -> None:
    """A stand-in that the scripts find before what is installed."""
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    command(tmp_path, "kubectl", f"#!{sys.executable}\n{(SUPPORT / 'kubectl.py').read_text()}")
    shop = {"image": "r.example/shop:1.0.0", "replicas": 20, "annotations": {}, "labels": {"app": "shop"}}
    state = {"deployments": {"shop": shop}, "services": {"shop": "shop"}, "fail": [], "calls": []}
    made = Cluster(tmp_path)
    made.file.write_text(json.dumps(state))
    return made


def test_a_rolling_deploy_and_back(cluster: Cluster) -> None:
    assert cluster.deploy("rolling", "1.1.0") == 0
    assert cluster.images == {"shop": "1.1.0"}
    assert cluster.deploy("back", "1.1.0") == 0
    assert cluster.images == {"shop": "1.0.0"}


def test_back_brings_what_ran_before_this_run_however_often_it_was_tried(cluster: Cluster) -> None:
    cluster.deploy("rolling", "1.1.0", run="r_1")
    cluster.put(fail=["rollout"])
    assert [cluster.deploy("rolling", "1.2.0", run="r_2") for _ in range(2)] == [1, 1], "it does not become ready"
    cluster.put(fail=[])
    assert cluster.deploy("back", "1.2.0", run="r_2") == 0
    assert cluster.images == {"shop": "1.1.0"}


def test_a_version_that_ran_already_is_not_taken_back_to_one_before_it(cluster: Cluster) -> None:
    cluster.deploy("rolling", "1.1.0", run="r_1")
    cluster.deploy("rolling", "1.1.0", run="r_2")
    cluster.deploy("back", "1.1.0", run="r_2")
    assert cluster.images == {"shop": "1.1.0"}


@needs_jq
@pytest.mark.parametrize("phase", ["canary", "blue-green"])
def test_what_came_up_beside_is_finished_or_taken_away(cluster: Cluster, phase: str) -> None:
    assert cluster.deploy(phase, "1.1.0") == 0
    beside = cluster.state["deployments"]["shop-next"]
    label, replicas = ("shop", 2) if phase == "canary" else ("shop-next", 20)
    assert (cluster.images, beside["labels"]["app"], beside["replicas"]) == (
        {"shop": "1.0.0", "shop-next": "1.1.0"},
        label,
        replicas,
    )
    assert cluster.deploy("back", "1.1.0") == 0
    assert cluster.images == {"shop": "1.0.0"}
    cluster.deploy(phase, "1.2.0", run="r_2")
    assert cluster.deploy("finish", "1.2.0", run="r_2") == 0
    assert cluster.images == {"shop": "1.2.0"}
    assert cluster.deploy("back", "1.2.0", run="r_2") == 0
    assert cluster.images == {"shop": "1.0.0"}, "also when finishing failed half way"


@needs_jq
def test_blue_green_switches_every_request_at_once_and_back(cluster: Cluster) -> None:
    def selected() -> str:
        return str(cluster.state["services"]["shop"])

    cluster.deploy("blue-green", "1.1.0")
    assert selected() == "shop", "it comes up without requests"
    assert cluster.deploy("finish", "1.1.0") == 0
    assert (cluster.images, selected()) == ({"shop": "1.1.0"}, "shop")
    done = [call.split()[0] for call in cluster.state["calls"] if not call.startswith("get")]
    assert done[-6:] == ["patch", "annotate", "set", "rollout", "patch", "delete"]
    cluster.deploy("blue-green", "1.2.0", run="r_2")
    cluster.put(fail=["rollout"])
    assert cluster.deploy("finish", "1.2.0", run="r_2") == 1
    assert selected() == "shop-next", "what comes up beside serves, while the other does not become ready"
    cluster.put(fail=[])
    assert cluster.deploy("back", "1.2.0", run="r_2") == 0
    assert (cluster.images, selected()) == ({"shop": "1.1.0"}, "shop")


@needs_jq
def test_a_rollback_takes_away_what_stood_beside_and_brings_the_requests_back(cluster: Cluster) -> None:
    cluster.deploy("blue-green", "1.1.0")
    cluster.put(fail=["rollout"])
    cluster.deploy("finish", "1.1.0")
    cluster.put(fail=[])
    assert cluster.play("rollback/rollback.sh", VERSION="1.0.0") == 0
    assert (cluster.images, cluster.state["services"]) == ({"shop": "1.0.0"}, {"shop": "shop"})


def test_scaling_goes_back_to_as_many_as_there_were_also_after_half_of_it(cluster: Cluster) -> None:
    def scale(phase: str, replicas: str = "30") -> int:
        return cluster.play("restart/scale.sh", PHASE=phase, REPLICAS=replicas, RUN="r_1")

    def replicas() -> int:
        return int(cluster.state["deployments"]["shop"]["replicas"])

    assert (scale("back"), replicas()) == (0, 20), "nothing was done, so nothing is taken back"
    cluster.put(fail=["rollout"])
    assert (scale("scale"), scale("scale"), replicas()) == (1, 1, 30)
    cluster.put(fail=[])
    assert (scale("back"), replicas()) == (0, 20)


@pytest.mark.parametrize("script", ["deploy/deploy.sh", "restart/scale.sh"])
def test_an_unknown_phase_does_nothing(cluster: Cluster, script: str) -> None:
    assert cluster.play(script, PHASE="sideways", VERSION="1", REPLICAS="1", RUN="r_1") == 2
    assert not [call for call in cluster.state["calls"] if not call.startswith("get")]


def test_a_restart_waits_until_every_pod_is_new(cluster: Cluster) -> None:
    assert cluster.play("restart/restart.sh") == 0
    assert [call.split()[:2] for call in cluster.state["calls"]] == [["rollout", "restart"], ["rollout", "status"]]


class Account(World):
    """An AWS account: who has what, and how long it takes until it is so."""

    def play(self, phase: str, person: str = "ana@acme.example") -> tuple[int, str]:
        environment = {
            "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
            "AWS_STATE": str(self.file),
            "RESOURCE": "111122223333", "TYPE": "cloud", "PERSON": person, "LEVEL": "read", "GRANT": "r_1",
            "PHASE": phase, "STORE": "d-1", "INSTANCE": "arn:instance", "PERMISSION_SETS": "arn:sets",
            "LOOKS": "4", "BETWEEN": "0",
        }  # fmt: skip
        done = subprocess.run(
            ["bash", LIBRARY / "access/access.sh"], env=environment, check=False, capture_output=True, text=True
        )
        return done.returncode, done.stderr


@pytest.fixture
def account(tmp_path: Path) -> Account:
    command(tmp_path, "aws", f"#!{sys.executable}\n{(SUPPORT / 'aws.py').read_text()}")
    made = Account(tmp_path)
    state = {"users": {"ana@acme.example": "u-1"}, "assigned": [], "takes": 2, "fails": False, "calls": []}
    made.file.write_text(json.dumps(state))
    return made


def test_what_is_given_or_taken_away_has_happened_when_it_is_said(account: Account) -> None:
    assert account.play("grant")[0] == 0
    assert account.state["assigned"] == [["u-1", "arn:sets/read"]]
    assert account.play("revoke")[0] == 0
    assert account.state["assigned"] == []
    assert account.state["calls"].count("describe-account-assignment-deletion-status") == 3


@pytest.mark.parametrize("phase", ["grant", "revoke"])
@pytest.mark.parametrize(("more", "said"), [({"fails": True}, "could not"), ({"takes": 9}, "has not said in time")])
def test_what_did_not_happen_is_no_success(account: Account, phase: str, more: dict[str, object], said: str) -> None:
    before = [["u-1", "arn:sets/read"]] if phase == "revoke" else []
    account.put(assigned=before, **more)
    code, told = account.play(phase)
    assert (code, said in told, account.state["assigned"]) == (1, True, before), told


def test_nobody_of_that_name_gets_nothing_and_has_nothing_to_be_taken_away(account: Account) -> None:
    code, told = account.play("grant", "eve@acme.example")
    assert (code, "Nobody in the identity store" in told) == (1, True), told
    assert account.play("revoke", "eve@acme.example")[0] == 0
    assert account.play("revoke")[0] == 0, "not assigned: it is taken back already"
    assert not [call for call in account.state["calls"] if "account-assignment" in call and not call.startswith("list")]


@needs_jq
@pytest.mark.parametrize(("code", "changed"), [(0, False), (2, True), (1, None)])
def test_whether_a_plan_changes_anything_terraform_itself_says(tmp_path: Path, code: int, changed: bool | None) -> None:
    """An import, a move or another output changes something, and is no create, update or delete."""
    plan = (
        f"case $* in *' plan '*) echo made >configuration/live/plan.out; exit {code};; *' show '*) echo '{{}}';; esac"
    )
    command(tmp_path, "terraform", f"#!/usr/bin/env bash\n{plan}\n")
    command(tmp_path, "aws", "#!/usr/bin/env bash\n")
    command(tmp_path, "git", '#!/usr/bin/env bash\n[ "$1" != clone ] || mkdir -p configuration/live\n')
    environment = {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "DIRECTORY": "live", "COMMIT": "c" * 40, "PHASE": "plan", "CONFIGURATION": "there", "BUCKET": "s3://plans",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", LIBRARY / "terraform/terraform.sh"], env=environment, cwd=tmp_path, check=False, capture_output=True
    )
    result = tmp_path / "result.json"
    assert (done.returncode == 0, result.is_file()) == (changed is not None, changed is not None), done.stderr
    if changed is not None:
        assert json.loads(result.read_text())["changed"] is changed


def test_environments_of_one_name_of_two_services_have_addresses_of_their_own(tmp_path: Path) -> None:
    for name in ("kubectl", "helm"):
        command(tmp_path, name, '#!/usr/bin/env bash\n[ "$1" = apply ] || echo "$@" >>asked\n')
    found = {}
    for service, name in (("shop", "ana"), ("cart", "ana"), ("shop", "a-b"), ("shop-a", "b")):
        environment = {
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "SERVICE": service, "NAME": name, "BRANCH": "main", "PHASE": "create",
            "REGISTRY": "r", "DOMAIN": "dev.example",
        }  # fmt: skip
        subprocess.run(["bash", LIBRARY / "preview/preview.sh"], env=environment, cwd=tmp_path, check=True)
        found[json.loads((tmp_path / "result.json").read_text())["url"]] = (tmp_path / "asked").read_text()
        (tmp_path / "asked").unlink()
    assert [*found] == [
        "https://preview-shop--ana.dev.example",
        "https://preview-cart--ana.dev.example",
        "https://preview-shop--a-b.dev.example",
        "https://preview-shop-a--b.dev.example",
    ]
    for url, asked in found.items():
        assert f"create namespace {url.removeprefix('https://').partition('.')[0]} " in asked


@pytest.mark.parametrize("name", ["a--b", "-a", "a-", "A", ""])
def test_a_name_by_which_environments_could_not_be_told_apart_is_refused(tmp_path: Path, name: str) -> None:
    environment = {
        "PATH": os.environ["PATH"], "SERVICE": "shop", "NAME": name, "BRANCH": "main", "PHASE": "create",
        "REGISTRY": "r", "DOMAIN": "dev.example",
    }  # fmt: skip
    done = subprocess.run(["bash", LIBRARY / "preview/preview.sh"], env=environment, cwd=tmp_path, check=False)
    assert done.returncode != 0
    assert not (tmp_path / "result.json").exists()
