"""What a pod gets, leaves behind, and how it ends when it cannot be run."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from daytwo_standins.argo.pod_log import LONGEST_LINE
from daytwo_standins.argo.testing import eventually, start_standin

TOKEN = "standin-token-of-the-bot"
ALL = "/api/v1/workflows/argo"


class Cluster:
    """Runs workflows that bring their own templates."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False)

    def begin(self, *templates: dict[str, Any], **spec: Any) -> str:
        """Create a workflow; its path."""
        body = {"metadata": {"generateName": "x-"}, "spec": {"entrypoint": "main", "templates": templates, **spec}}
        answer = self.http.post(ALL, json={"workflow": body})
        assert answer.status_code == 200, answer.text
        return f"{ALL}/{answer.json()['metadata']['name']}"

    def status(self, path: str) -> dict[str, Any]:
        """Where it is."""
        found: dict[str, Any] = self.http.get(path).json()["status"]
        return found

    def end(self, path: str) -> dict[str, Any]:
        """The status with which it ended."""
        eventually(lambda: self.status(path).get("phase") in {"Succeeded", "Failed", "Error"})
        return self.status(path)

    def log(self, path: str) -> list[str]:
        """The lines of all pods."""
        return [json.loads(line)["result"]["content"] for line in self.http.get(f"{path}/log").text.splitlines()]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A stand-in with a config map and a secret."""
    folder = tmp_path_factory.mktemp("pods")
    (folder / "argo-standin").mkdir()
    (folder / "argo-standin" / "token.txt").write_text("the canary\n")
    maps = {"places": {"root": "/srv", "port": "80"}}
    settings = {"argo": {"config_maps": maps, "secrets": {"claim": {"token": "token.txt"}}}}
    with start_standin(
        folder,
        {"argo": {}},
        tokens=[{"login": "bot", "token": TOKEN}],
        namespace_settings=settings,
        settings={"grace": 0.3},
    ) as standin:
        one = Cluster(standin.url)
        yield one
        one.http.close()
        kept = [file for file in standin.data.rglob("*") if file.is_file() and b"canary" in file.read_bytes()]
        assert all(file.parent.name == "logs" for file in kept), "a secret stays where it is"


def _script(source: str, **more: Any) -> dict[str, Any]:
    keys = {key: more.pop(key) for key in ("env", "envFrom") if key in more}
    return {"name": "main", "script": {"image": "any", "command": ["sh"], "source": source, **keys}, **more}


def test_its_environment_is_clean_and_what_the_template_says(cluster: Cluster) -> None:
    env = [
        {"name": "PLAIN", "value": "{{workflow.name}}"},
        {"name": "ROOT", "valueFrom": {"configMapKeyRef": {"name": "places", "key": "root"}}},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "claim", "key": "token"}}},
        {"name": "MAYBE", "valueFrom": {"configMapKeyRef": {"name": "places", "key": "none", "optional": True}}},
    ]
    source = "echo $PLAIN $ROOT ${TOKEN%y} [$MAYBE] $CM_port\nenv | cut -d= -f1 | sort | tr '\\n' ' '; echo; pwd"
    path = cluster.begin(_script(source, env=env, envFrom=[{"prefix": "CM_", "configMapRef": {"name": "places"}}]))
    assert cluster.end(path)["phase"] == "Succeeded"
    first, names, where = cluster.log(path)
    assert first == f"{path.rpartition('/')[2]} /srv the canar [] 80"
    own = {"ARGO_NODE_ID", "ARGO_POD_NAME", "ARGO_WORKFLOW_NAME", "ARGO_WORKFLOW_UID", "ARGO_CONTAINER_NAME"}
    known = {"PATH", "HOME", "TMPDIR", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_", "DAYTWO_STANDIN_ATTEMPT"}
    assert set(names.split()) - known - own == {"PLAIN", "ROOT", "TOKEN", "MAYBE", "CM_root", "CM_port"}
    assert not Path(where).exists(), "its folder is gone with it"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({"name": "main", "container": {"image": "any"}}, "say what to execute"),
        ({"name": "main", "container": {"image": "any", "command": ["no-such-program"]}}, "could not be started"),
        (_script("true", env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]), "no field x of a pod"),
        (
            _script("true", env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "none", "key": "x"}}}]),
            'secret "none" not found',
        ),
        (
            _script("true", env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "places", "key": "x"}}}]),
            'has no key "x"',
        ),
        (
            _script("true", outputs={"parameters": [{"name": "x", "valueFrom": {"path": "/tmp/none"}}]}),
            "No such file",
        ),
    ],
)
def test_what_cannot_be_run_is_an_error_that_says_so(cluster: Cluster, template: dict[str, Any], message: str) -> None:
    status = cluster.end(cluster.begin(template))
    assert (status["phase"], message in status["message"]) == ("Error", True), status


def test_outputs(cluster: Cluster, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    parameters = [
        {"name": "file", "valueFrom": {"path": "/deep/er/file"}},
        {"name": "default", "valueFrom": {"path": "/none", "default": "else"}},
        {"name": "typed", "valueFrom": {"path": "{{workflow.parameters.where}}"}},
    ]
    source = f"printf 'two\\nlines\\n\\n' > /deep/er/file; echo out > {outside}; echo 5 and more; echo aside >&2"
    main = {
        "name": "main",
        "steps": [
            [{"name": "make", "template": "make"}],
            [
                {
                    "name": "use",
                    "template": "use",
                    "arguments": {"parameters": [{"name": "x", "value": "{{steps.make.outputs.result}}"}]},
                }
            ],
        ],
    }
    use = {
        "name": "use",
        "inputs": {"parameters": [{"name": "x"}]},
        "container": {"image": "any", "command": ["echo", "got {{inputs.parameters.x}}"]},
    }
    arguments = {"parameters": [{"name": "where", "value": str(outside)}]}
    make = {**_script(source, outputs={"parameters": parameters}), "name": "make"}
    path = cluster.begin(main, make, use, arguments=arguments)
    status = cluster.end(path)
    assert status["phase"] == "Succeeded", status
    made = next(node for node in status["nodes"].values() if node["displayName"] == "make")["outputs"]
    assert {one["name"]: one["value"] for one in made["parameters"]} == {
        "file": "two\nlines\n",
        "default": "else",
        "typed": "out",
    }
    assert made["result"] == "5 and more"
    assert cluster.log(path)[-1] == "got 5 and more"


def test_a_pod_has_only_so_much_time(cluster: Cluster) -> None:
    status = cluster.end(cluster.begin(_script("trap '' TERM; sleep 60 & wait; sleep 60", activeDeadlineSeconds=1)))
    assert (status["phase"], status["message"]) == (
        "Failed",
        "Pod was active on the node longer than the specified deadline",
    )


def test_a_workflow_has_only_so_much_time(cluster: Cluster) -> None:
    status = cluster.end(cluster.begin(_script("sleep 60"), activeDeadlineSeconds=1))
    assert (status["phase"], status["message"]) == ("Failed", "Step exceeded its deadline")


def test_what_it_leaves_in_the_background_ends_with_it(cluster: Cluster, tmp_path: Path) -> None:
    main = {"name": "main", "steps": [[{"name": "leave", "template": "leave"}], [{"name": "look", "template": "look"}]]}
    leave = {**_script(f"sleep 600 & echo $! > {tmp_path}/pid; echo left"), "name": "leave"}
    look = {**_script(f"kill -0 $(cat {tmp_path}/pid) 2>/dev/null && echo there || echo gone"), "name": "look"}
    path = cluster.begin(main, leave, look)
    assert cluster.end(path)["phase"] == "Succeeded"
    assert "left" in cluster.log(path)
    assert cluster.log(path)[-1] == "gone"


def test_a_signal_is_an_exit_code(cluster: Cluster) -> None:
    status = cluster.end(cluster.begin(_script("kill -9 $$")))
    assert status["message"] == "main: Error (exit code 137)"


def test_it_is_tried_again(cluster: Cluster, tmp_path: Path) -> None:
    source = f"echo try {{{{retries}}}}; [ -e {tmp_path}/second ] || {{ touch {tmp_path}/second; exit 1; }}"
    path = cluster.begin(_script(source, retryStrategy={"limit": "3", "backoff": {"duration": "1"}}))
    status = cluster.end(path)
    assert (status["phase"], cluster.log(path)) == ("Succeeded", ["try 0", "try 1"])
    assert sorted(node["type"] for node in status["nodes"].values()) == ["Pod", "Pod", "Retry"]


def test_lines_without_end_with_odd_bytes_and_too_long(cluster: Cluster) -> None:
    long = LONGEST_LINE + 5
    source = f"printf 'a\\377b\\n'; head -c {long} /dev/zero | tr '\\0' x; echo; printf 'no end'"
    path = cluster.begin(_script(source))
    assert cluster.end(path)["phase"] == "Succeeded"
    odd, first, second, last = cluster.log(path)
    assert (odd, len(first), second, last) == ("a\ufffdb", LONGEST_LINE, "xxxxx", "no end")


def test_a_pause_and_a_suspended_workflow(cluster: Cluster) -> None:
    main = {"name": "main", "steps": [[{"name": "wait", "template": "wait"}], [{"name": "go", "template": "go"}]]}
    wait, go = {"name": "wait", "suspend": {"duration": "1"}}, {**_script("echo gone"), "name": "go"}
    path = cluster.begin(main, wait, go)
    eventually(lambda: "wait" in json.dumps(cluster.status(path)))
    assert cluster.http.put(f"{path}/suspend", json={}).json()["spec"]["suspend"] is True
    waited = next(node for node in cluster.status(path)["nodes"].values() if node["displayName"] == "wait")
    assert waited["phase"] == "Running"
    assert cluster.http.put(f"{path}/resume", json={}).status_code == 200
    status = cluster.end(path)
    assert (status["phase"], cluster.log(path)) == ("Succeeded", ["gone"])
