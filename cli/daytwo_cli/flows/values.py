"""Answers as they are typed on a command line, and what the form wants instead of text."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import JsonValue, TypeAdapter, ValidationError

from daytwo_cli.errors import Usage

_ANSWERS: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
_WORDS = {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}
_TAKEN_AS = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int")


class Typed(str):
    """Text that somebody typed, and which has yet to become what its field wants."""

    __slots__ = ()


def given_answers(inputs: Sequence[str], file: Path | None) -> dict[str, JsonValue]:
    """From the command line; what is typed wins over the file. Raises Usage."""
    answers = _from_file(file) if file else {}
    for given in inputs:
        name, equals, value = given.partition("=")
        if not equals or not name:
            raise Usage(f"--input {given!r} is not NAME=VALUE, so nothing was sent.")
        answers[name] = Typed(value)
    return answers


def _from_file(file: Path) -> dict[str, JsonValue]:
    try:
        return _ANSWERS.validate_python(yaml.load(file.read_text(), Loader=_Plain) or {})  # noqa: S506 - a safe loader
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise Usage(f"{file} cannot be used, so nothing was sent. It has to be NAME: VALUE lines.\n{error}") from None


class _Plain(yaml.SafeLoader):
    """YAML in which only null, true, false and whole numbers are not text: `version: 1.10` stays 1.10."""


_Plain.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag in _TAKEN_AS]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def convert(text: str, schema: Mapping[str, JsonValue]) -> JsonValue:
    """Typed text as the field's type; text that does not fit stays text, and the server says what is wrong with it."""
    for choice in offered(schema):
        if text in (str(choice), json.dumps(choice)):
            return choice
    kind = schema.get("type")
    if kind == "boolean":
        return _WORDS.get(text.lower(), text)
    if kind == "array" and not text.lstrip().startswith("["):
        items = schema.get("items")
        return [
            convert(part.strip(), items if isinstance(items, dict) else {}) for part in text.split(",") if part.strip()
        ]
    try:
        found: JsonValue = json.loads(text) if kind in ("integer", "number", "array", "object") else str(text)
    except ValueError:
        return str(text)
    return found


def offered(schema: Mapping[str, JsonValue]) -> list[JsonValue]:
    """The values of a closed list of choices; empty when there is none."""
    return [value for value, _, _ in choices(schema)]


def choices(schema: Mapping[str, JsonValue]) -> list[tuple[JsonValue, str, str | None]]:
    """Value, title and description of each choice that stands in the schema."""
    enum = schema.get("enum")
    if isinstance(enum, list):
        return [(value, str(value), None) for value in enum]
    found = schema.get("oneOf")
    listed = [item for item in found if isinstance(item, dict) and "const" in item] if isinstance(found, list) else []
    return [(item["const"], str(item.get("title", item["const"])), _text(item.get("description"))) for item in listed]


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
