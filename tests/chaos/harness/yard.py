"""The yard: a company made for breaking things. Its folder looks like `examples/`, so `daytwo up` runs on it.

Services are named after the executor of their pipelines in the stand-in: `fast-07` ends at once, `slow-07` ends when a
test says so, `real-01` is executed by act. There are many of each, so that runs seldom wait for each other's locks.
`bare-01` is fast, too, and alone in its repository: a pipeline that loses its marker makes its neighbours doubtful.
The one action is there for each CI system: `deploy`, `deploy-gitlab`, `deploy-argo`.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

EXECUTORS: Final = {"fast": "instant", "slow": "scripted", "real": "act", "bare": "instant"}
COUNTS: Final[Mapping[str, int]] = MappingProxyType({"fast": 60, "slow": 40, "real": 4, "bare": 4})
YARD: Final = Path(__file__).resolve().parents[1] / "yard"
EXAMPLES: Final = Path(__file__).resolve().parents[3] / "examples"

ARGO_TEMPLATE: Final = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: deploy}
spec:
  entrypoint: deploy
  arguments: {parameters: [{name: version}, {name: environment}, {name: note}]}
  templates:
  - name: deploy
    script: {image: any, command: [sh], source: "echo done"}
"""


def services(executor: str, counts: Mapping[str, int] = COUNTS) -> list[str]:
    """The names of the services whose pipelines run so."""
    return [f"{executor}-{number:02}" for number in range(1, counts[executor] + 1)]


def lay_out(target: Path, counts: Mapping[str, int] = COUNTS, *, more: Sequence[str] = ()) -> Path:
    """The yard's folder with so many services of each executor, made in `target`; `more`: systems beside GitHub."""
    shutil.copytree(YARD, target, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "catalog").mkdir()
    for shared in ("people.yaml", "environments.yaml"):
        shutil.copyfile(EXAMPLES / "catalog" / shared, target / "catalog" / shared)
    (target / "catalog" / "kinds.yaml").write_text(yaml.safe_dump_all(_kinds(), sort_keys=False))
    for name in more:
        (target / "actions" / f"deploy-{name}.yaml").write_text(yaml.safe_dump(_deploy(name), sort_keys=False))
    documents = [_service(name, executor) for executor in EXECUTORS for name in services(executor, counts)]
    documents.append(_service("vault", "fast", visible_to=["group:finance"]))
    (target / "catalog" / "services.yaml").write_text(yaml.safe_dump_all(documents, sort_keys=False))
    return target


def _kinds() -> list[dict[str, Any]]:
    """Those of the examples; a service has a namespace, too."""
    kinds: list[dict[str, Any]] = list(yaml.safe_load_all((EXAMPLES / "catalog" / "kinds.yaml").read_text()))
    [service] = [kind for kind in kinds if kind["metadata"]["name"] == "service"]
    service["spec"]["schema"]["properties"]["namespace"] = {"type": "string", "title": "Namespace on Argo"}
    return kinds


def _deploy(name: str) -> dict[str, Any]:
    """The yard's action on another CI system. Its lock is its own, so the systems do not wait for each other."""
    action: dict[str, Any] = yaml.safe_load((YARD / "actions" / "deploy.yaml").read_text())
    action["metadata"]["name"] = f"deploy-{name}"
    spec = action["spec"]
    spec["lock"] = f"{name}/{spec['lock']}"
    [step] = spec["steps"]
    step["uses"] = name
    fields = spec["form"]["pages"][0]["properties"]
    del fields["password"], step["secrets"]
    version = fields["version"]
    if name == "argo":
        del version["from"], step["with"]["ref"]
        step["with"] |= {"project": "${{ entity.properties.namespace }}", "pipeline": "deploy"}
    else:
        del step["with"]["pipeline"]
        version["from"]["connection"] = name
    del spec["catalog"], spec["undo"]
    return action


def _service(name: str, executor: str, *, visible_to: list[str] | None = None) -> dict[str, object]:
    return {
        "apiVersion": "daytwo/v1",
        "kind": "Entity",
        "metadata": {
            "kind": "service",
            "name": name,
            "title": name.capitalize(),
            "owner": "group:finance" if visible_to else "group:storefront",
            **({"visibleTo": visible_to} if visible_to else {}),
        },
        "spec": {
            "properties": {
                "description": f"Pipelines: {executor}.",
                "repository": f"acme/{executor}",
                "namespace": executor,
            },
            "relations": {},
        },
    }
