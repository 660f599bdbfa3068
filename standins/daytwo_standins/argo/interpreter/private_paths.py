"""Files of outputs: a pod here shares the machine with others, so each gets its own.

An absolute ``valueFrom.path`` becomes a path below a folder of the pod wherever the template writes it, in its script,
its arguments and its environment. That happens in the template as it was written: values are left alone.
"""

import json
from collections.abc import Mapping
from typing import Any

from daytwo_standins.argo.interpreter.tags import CLOSE, OPEN

ROOT = "daytwo.pod.root"


def with_private_paths(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template with the folder of its pod, as a tag, before the paths of its outputs."""
    text = json.dumps(template, ensure_ascii=False)
    for path in sorted(output_paths(template), key=len, reverse=True):
        quoted = json.dumps(path, ensure_ascii=False)[1:-1]
        text = text.replace(quoted, f"{OPEN}{ROOT}{CLOSE}{quoted}")
    found: dict[str, Any] = json.loads(text)
    return found


def output_paths(template: Mapping[str, Any]) -> set[str]:
    """The absolute paths of the files that a template writes its outputs to."""
    outputs = (template.get("outputs") or {}).get("parameters") or []
    paths = (one.get("valueFrom", {}).get("path") or "" for one in outputs)
    return {path for path in paths if path.startswith("/") and OPEN not in path and path.strip("/")}
