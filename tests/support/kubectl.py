#!/usr/bin/env python3
"""A stand-in for kubectl with a cluster in a file (KUBECTL_STATE): the verbs that the library's scripts use.

`fail` in the state names verbs that end with 1 after their work, as when a rollout does not become ready.
"""

import fcntl
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO


def main(arguments: list[str]) -> int:
    piped = sys.stdin.read() if "apply" in arguments else ""
    with Path(os.environ["KUBECTL_STATE"]).open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the parts of a pipe work side by side
        return _played(file, arguments, piped)


def _played(file: TextIO, arguments: list[str], piped: str) -> int:
    state = json.load(file)
    assert arguments[0] == "--namespace"
    verb, rest = arguments[2], arguments[3:]
    state["calls"].append(" ".join([verb, *rest]))
    if rest[0] == "service":
        code = _service(state["services"], verb, rest[1], rest[-1])
    else:
        code = _do(state["deployments"], verb, rest, piped)
    sys.stdout.flush()
    file.seek(0)
    file.truncate()
    json.dump(state, file)
    return 1 if verb in state["fail"] else code


def _service(services: dict[str, str], verb: str, name: str, last: str) -> int:
    """Of a Service there is nothing but the label that it selects by."""
    if verb == "patch":
        services[name] = json.loads(last)["spec"]["selector"]["app"]
    else:
        assert (verb, last) == ("get", "jsonpath={.spec.selector.app}")
        print(services[name], end="")
    return 0


def _do(deployments: dict[str, dict[str, Any]], verb: str, rest: list[str], piped: str) -> int:
    plain = [one for one in rest if not one.startswith("-")]
    name = next((one.removeprefix("deployment/") for one in plain if one.startswith("deployment/")), "")
    match verb:
        case "get" if plain[1] not in deployments and "--ignore-not-found" in rest:
            pass
        case "get":
            print(_shown(deployments[plain[1]], plain[-1] if "-o" in rest else ""), end="")
        case "set":
            deployments[name]["image"] = plain[-1].partition("=")[2]
        case "annotate":
            key, _, value = plain[-1].partition("=")
            deployments[name]["annotations"][key] = value
        case "scale":
            deployments[name]["replicas"] = int(rest[-1].partition("=")[2])
        case "apply":
            made = json.loads(piped)
            spec = made["spec"]
            image = spec["template"]["spec"]["containers"][0]["image"]
            labels = spec["template"]["metadata"]["labels"]
            new = {"image": image, "replicas": spec["replicas"], "annotations": {}, "labels": labels}
            deployments[made["metadata"]["name"]] = new
        case "delete":
            deployments.pop(plain[1], None)
        case "rollout":
            assert name in deployments
        case _:
            raise SystemExit(f"kubectl {verb} is not known here")
    return 0


def _shown(one: dict[str, Any], wanted: str) -> str:
    """What `-o jsonpath=…` or `-o json` prints."""
    path = wanted.removeprefix("jsonpath=").strip("{}")
    if path == ".spec.replicas":
        return str(one["replicas"])
    if path.startswith(".metadata.annotations."):
        return str(one["annotations"].get(path.removeprefix(".metadata.annotations."), ""))
    if path == ".spec.template.metadata.labels.app":
        return str(one["labels"]["app"])
    if path == ".spec.template.spec.containers[0].image":
        return str(one["image"])
    assert path == "json", path
    template = {"metadata": {"labels": {}}, "spec": {"containers": [{"image": one["image"]}]}}
    spec = {"replicas": one["replicas"], "selector": {}, "template": template}
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
