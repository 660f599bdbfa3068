"""The published JSON Schema is current, and says what the loader says about shapes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from daytwo_actions.definitions.yaml import read_documents
from daytwo_actions.publish import action_schema, action_schema_text

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(action_schema())


def test_the_committed_schema_is_current() -> None:
    committed = (ROOT / "actions" / "action.schema.json").read_text()
    assert committed == action_schema_text(), "run: python -m daytwo_actions.publish > actions/action.schema.json"


def test_it_is_printed_as_it_is_committed() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "daytwo_actions.publish"], capture_output=True, text=True, check=True
    )
    assert printed.stdout == action_schema_text()


def test_it_is_a_schema_without_references_to_elsewhere() -> None:
    Draft202012Validator.check_schema(action_schema())
    references = json.dumps(action_schema()).split('"$ref": "')[1:]
    assert references
    assert all(reference.startswith("#/$defs/") for reference in references)


def test_every_example_is_valid(validator: Draft202012Validator, deploy_text: str) -> None:
    texts = [deploy_text, *(path.read_text() for path in sorted((ROOT / "examples" / "actions").glob("*.yaml")))]
    for text in texts:
        (document,) = read_documents(text, "f.yaml")
        assert list(validator.iter_errors(document.value)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: What", "titel: What"),
        ("operation: day-2", "operation: day2"),
        ("ui:widget", "ui:wdiget"),
        ("list: tags", "list: tag"),
        ("expires: 24h", "expires: 24 hours"),
        ("run: [owner, group:sre]", "run: [sre]"),
        ("visible: ${{", "visible: 5 # "),
        ("count: 1", "count: 0"),
        ("from: [group:sre]", "from: [{ role: sre }]"),
        ("timeout: 30m", "retry: 3"),
        ("required: [version, environment]", "required: [a b]"),
    ],
)
def test_an_editor_sees_the_mistake(validator: Draft202012Validator, deploy_text: str, old: str, new: str) -> None:
    assert old in deploy_text
    (document,) = read_documents(deploy_text.replace(old, new), "f.yaml")
    assert list(validator.iter_errors(document.value))


def test_the_shapes_of_unions_are_said(validator: Draft202012Validator, deploy_text: str) -> None:
    for value in ("true", "${{ form.version == 'x' }}"):
        text = deploy_text.replace("visible: ${{ form.environment.name == 'production' }}", f"visible: {value}")
        (document,) = read_documents(text, "f.yaml")
        assert list(validator.iter_errors(document.value)) == []
    text = deploy_text.replace("ui:widget: textarea", "enum: [a, 'b']")
    (document,) = read_documents(text, "f.yaml")
    assert list(validator.iter_errors(document.value)) == []
