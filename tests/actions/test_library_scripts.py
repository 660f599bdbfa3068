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
KUBECTL: Final = Path(__file__).parents[1] / "support/kubectl.py"
SHOP: Final = {"SERVICE": "shop", "ENVIRONMENT": "production"}


@dataclass
class Cluster:
    folder: Path

    def play(self, script: str, **given: str) -> int:
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        environment = {**SHOP, "PATH": path, "KUBECTL_STATE": str(self._file), "REGISTRY": "r.example", **given}
        return subprocess.run(
            ["bash", LIBRARY / script], env=environment, cwd=self.folder, check=False, capture_output=True
        ).returncode

    def deploy(self, phase: str, version: str, run: str = "r_1") -> int:
        return self.play("deploy/deploy.sh", PHASE=phase, VERSION=version, RUN=run, SHARE="10")

    @property
    def _file(self) -> Path:
        return self.folder / "cluster.json"

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self._file.read_text())
        return state

    def put(self, **more: object) -> None:
        self._file.write_text(json.dumps({**self.state, **more}))

    @property
    def images(self) -> Mapping[str, str]:
        return {name: one["image"].rpartition(":")[2] for name, one in self.state["deployments"].items()}


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f"#!{sys.executable}\n{KUBECTL.read_text()}")
    kubectl.chmod(0o755)
    shop = {"image": "r.example/shop:1.0.0", "replicas": 20, "annotations": {}, "labels": {"app": "shop"}}
    (tmp_path / "cluster.json").write_text(json.dumps({"deployments": {"shop": shop}, "fail": [], "calls": []}))
    return Cluster(tmp_path)


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


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is missing: apt-get install jq")
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
