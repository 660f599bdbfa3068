"""From a template to a process: what is executed, with which environment, in which folder."""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from daytwo_standins.argo.interpreter.operation import Start
from daytwo_standins.argo.plans import Plan
from daytwo_standins.shared.processes import MARK

_NO_COMMAND: Final = (
    "The template has no `command`. The stand-in uses no images, so it cannot know an image's own entry point; "
    "say what to execute."
)


class PodError(Exception):
    """A pod cannot be started; the text says why and what to do."""


def arguments(start: Start, folder: Path) -> list[str]:
    """The command line; the source of a script is written into a file.

    Raises:
        PodError: there is no command.
    """
    template = start.template
    if template.get("script") is not None:
        script = template["script"]
        file = folder / "script"
        file.write_text(str(script.get("source", "")), encoding="utf-8")
        file.chmod(0o755)
        return [*_words(script.get("command")), str(file)]
    container = template["container"]
    return [*_words(container.get("command")), *(str(one) for one in container.get("args") or [])]


def environment(start: Start, folder: Path, plan: Plan, mark: str) -> dict[str, str]:
    """A clean environment: nothing of ours but ``PATH``, then what the template says.

    Raises:
        PodError: a value is taken from something that is not there.
    """
    container = start.template.get("script") or start.template.get("container") or {}
    pod = {"metadata.name": start.pod_name, "metadata.uid": str(uuid.uuid4())}  # another one each time it is begun
    found = {
        "PATH": plan.path,
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LC_ALL": "C.UTF-8",
        "ARGO_CONTAINER_NAME": "main",
        "ARGO_NODE_ID": start.node_id,
        "ARGO_POD_NAME": start.pod_name,
        "ARGO_WORKFLOW_NAME": plan.workflow.name,
        "ARGO_WORKFLOW_UID": plan.workflow.uid,
    }
    for source in container.get("envFrom") or []:
        found |= _whole(source, plan)
    for one in container.get("env") or []:
        told = one.get("valueFrom")
        found[one["name"]] = _looked_up(told, plan, pod) if told else str(one.get("value", ""))
    return {**found, MARK: mark}


def _words(command: object) -> list[str]:
    words = [str(one) for one in command] if isinstance(command, list) else []
    if not words:
        raise PodError(_NO_COMMAND)
    return words


def _looked_up(source: Mapping[str, Any], plan: Plan, pod: Mapping[str, str]) -> str:
    if "fieldRef" in source:
        path = source["fieldRef"].get("fieldPath")
        if path not in pod:
            raise PodError(f"The stand-in has no field {path} of a pod; it has {', '.join(pod)}.")
        return pod[path]
    for kind, values in (("configMapKeyRef", _config_map), ("secretKeyRef", _secret)):
        if kind in source:
            wanted = source[kind]
            found = values(plan, wanted["name"]).get(wanted["key"])
            if found is None and not wanted.get("optional"):
                raise PodError(f'{kind} "{wanted["name"]}" has no key "{wanted["key"]}"')
            return found or ""
    raise PodError(f"The stand-in has no environment from {', '.join(source)}; use value or a key of a config map.")


def _whole(source: Mapping[str, Any], plan: Plan) -> dict[str, str]:
    prefix = source.get("prefix", "")
    for kind, values in (("configMapRef", _config_map), ("secretRef", _secret)):
        if kind in source:
            return {f"{prefix}{key}": value for key, value in values(plan, source[kind]["name"]).items()}
    raise PodError(f"The stand-in has no environment from {', '.join(source)}.")


def _config_map(plan: Plan, name: str) -> dict[str, str]:
    if name not in plan.config_maps:
        raise PodError(f'configmap "{name}" not found')
    return dict(plan.config_maps[name])


def _secret(plan: Plan, name: str) -> dict[str, str]:
    if name not in plan.secrets:
        raise PodError(f'secret "{name}" not found')
    return {key: Path(file).read_text(encoding="utf-8").strip() for key, file in plan.secrets[name].items()}


def make_folders(folder: Path, start: Start) -> None:
    """The folders of a pod, and those in which its outputs will be."""
    for name in ("home", "tmp", "work", "root"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    root = f"{folder}{os.sep}root{os.sep}"
    for one in (start.template.get("outputs") or {}).get("parameters") or []:
        path = str(one.get("valueFrom", {}).get("path") or "")
        if path.startswith(root):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
