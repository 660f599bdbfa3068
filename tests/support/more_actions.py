"""Variations of the example company's deploy, loaded beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from company import EXAMPLES, Company

from daytwo_workflows.company import load_company


def like_deploy(name: str, **spec: object) -> dict[str, Any]:
    """The deploy of the examples by another name, with some of its `spec` replaced.

    With another form its undo leaves out nothing: what it leaves out may be no field of that one.
    """
    document: dict[str, Any] = yaml.safe_load((EXAMPLES / "actions" / "deploy.yaml").read_text())
    document["metadata"]["name"] = name
    if "form" in spec:
        inputs = document["spec"]["undo"]["inputs"]
        document["spec"]["undo"]["inputs"] = {one: value for one, value in inputs.items() if value is not None}
    document["spec"].update(spec)
    return document


async def load_beside(
    company: Company, folder: Path, *documents: dict[str, Any], known: Mapping[str, str] | None = None
) -> None:
    """Load the examples and these actions. `known`: kinds of further connections by their names."""
    actions = folder / "more-actions"
    actions.mkdir()
    for document in documents:
        (actions / f"{document['metadata']['name']}.yaml").write_text(json.dumps(document))
    await load_company(
        company.store, [EXAMPLES / "catalog", EXAMPLES / "actions", actions], {"github": "github", **(known or {})}
    )
