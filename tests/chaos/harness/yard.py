"""The yard: a company made for breaking things. Its folder looks like `examples/`, so `daytwo up` runs on it.

Services are named after the executor of their pipelines in the stand-in: `fast-07` ends at once, `slow-07` ends when a
test says so, `real-01` is executed by act. There are many of each, so that runs seldom wait for each other's locks.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import yaml

EXECUTORS: Final = {"fast": "instant", "slow": "scripted", "real": "act"}
COUNTS: Final[Mapping[str, int]] = MappingProxyType({"fast": 60, "slow": 40, "real": 4})
YARD: Final = Path(__file__).resolve().parents[1] / "yard"
EXAMPLES: Final = Path(__file__).resolve().parents[3] / "examples"


def services(executor: str, counts: Mapping[str, int] = COUNTS) -> list[str]:
    """The names of the services whose pipelines run so."""
    return [f"{executor}-{number:02}" for number in range(1, counts[executor] + 1)]


def lay_out(target: Path, counts: Mapping[str, int] = COUNTS) -> Path:
    """The yard's folder with so many services of each executor, made in `target`."""
    shutil.copytree(YARD, target, ignore=shutil.ignore_patterns("__pycache__"))
    (target / "catalog").mkdir()
    for shared in ("kinds.yaml", "people.yaml", "environments.yaml"):
        shutil.copyfile(EXAMPLES / "catalog" / shared, target / "catalog" / shared)
    documents = [_service(name, executor) for executor in EXECUTORS for name in services(executor, counts)]
    documents.append(_service("vault", "fast", visible_to=["group:finance"]))
    (target / "catalog" / "services.yaml").write_text(yaml.safe_dump_all(documents, sort_keys=False))
    return target


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
            "properties": {"description": f"Pipelines: {executor}.", "repository": f"acme/{executor}"},
            "relations": {},
        },
    }
