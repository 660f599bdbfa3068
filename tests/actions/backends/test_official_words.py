"""The official descriptions themselves, walked: a word for a state that they gain is noticed here."""

import json
import re
from collections.abc import Iterator
from typing import Any

from described import FOLDER, needs_specs

from daytwo_actions.backends.argo.wire.status import NODE, WORKFLOW
from daytwo_actions.backends.github.wire.status import status_of
from daytwo_actions.backends.gitlab.wire.status import STATES
from daytwo_store.states import ExternalStatus

pytestmark = needs_specs
# GitHub calls a run stale that it has lost sight of: nobody knows what became of it.
SAYS_NOTHING = {"stale"}


def description(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def enums(node: object) -> Iterator[list[str]]:
    """Every list of words in a description."""
    if isinstance(node, dict):
        words = node.get("enum")
        if isinstance(words, list):
            yield [word for word in words if isinstance(word, str)]
        for value in node.values():
            yield from enums(value)
    elif isinstance(node, list):
        for value in node:
            yield from enums(value)


def test_github() -> None:
    described = description("github/openapi.2022-11-28.json")["components"]
    job = described["schemas"]["job"]["properties"]
    filtered = set(described["parameters"]["workflow-run-status"]["schema"]["enum"])
    statuses, conclusions = set(job["status"]["enum"]), {word for word in job["conclusion"]["enum"] if word}
    told = {
        word
        for words in enums(description("github/webhooks.openapi.json"))
        if {"startup_failure", "success"} <= set(words)
        for word in words
    }
    assert told, "the webhooks' descriptions name conclusions"
    conclusions |= (told | filtered) - statuses
    assert {word for word in statuses - {"completed"} if status_of(word, None) is ExternalStatus.UNKNOWN} == set()
    unknown = {word for word in conclusions if status_of("completed", word) is ExternalStatus.UNKNOWN}
    assert unknown <= SAYS_NOTHING, unknown
    assert {word for word in conclusions if status_of("completed", word) is ExternalStatus.SUCCEEDED} == {"success"}


def test_gitlab() -> None:
    described = [set(words) for words in enums(description("gitlab/openapi.json")) if "waiting_for_resource" in words]
    assert described
    assert set().union(*described) == set(STATES)


def test_argo() -> None:
    definitions = description("argo/swagger.json")["definitions"]
    for kind, table in (("WorkflowStatus", WORKFLOW), ("NodeStatus", NODE)):
        text = definitions[f"io.argoproj.workflow.v1alpha1.{kind}"]["properties"]["phase"]["description"]
        words = set(re.findall(r'"(\w+)"', text))
        assert len(words) > 4
        assert words <= set(table), words - set(table)
