"""Answers as they are typed on a command line, and what the form wants instead of text."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import JsonValue, TypeAdapter, ValidationError

from daytwo_cli.errors import Usage
from daytwo_cli.tools import Tools

_ANSWERS: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
_WORDS = {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}
_TAKEN_AS = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int")


class Typed(str):
    """Text that somebody typed, and which has yet to become what its field wants."""

    __slots__ = ()


def given_answers(inputs: Sequence[str], file: Path | None, *, option: str = "--input") -> dict[str, JsonValue]:
    """From the command line; what is typed wins over the file. Raises Usage."""
    answers = _from_file(file) if file else {}
    for given in inputs:
        name, equals, value = given.partition("=")
        if not equals or not name:
            raise Usage(f"{option} {given!r} is not NAME=VALUE, so nothing was sent.")
        answers[name] = Typed(value)
    return answers


def given_secrets(secrets: Sequence[str]) -> dict[str, JsonValue]:
    """Secret answers, from files or the standard input. Raises Usage."""
    answers: dict[str, JsonValue] = {}
    for given in secrets:
        name, equals, place = given.partition("=")
        if not equals or not name or not place:
            raise Usage("--secret is not NAME=FILE, or NAME=- for the standard input, so nothing was sent.")
        answers[name] = _read_secret(Path(place))
    return answers


def secret_of(tools: Tools, question: str, file: Path | None) -> str:
    """A secret from a file, from the standard input (`-`), or asked for without showing it. Raises Usage."""
    if file is not None:
        return _read_secret(file)
    if not tools.asker.interactive:
        raise Usage("There is no terminal to ask at, so nothing was sent. Give --file FILE, or --file - with a pipe.")
    return tools.asker.text(question, secret=True)


def _read_secret(file: Path) -> str:
    """Without the line end of an editor."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{file} cannot be read ({type(error).__name__}), so nothing was sent.") from None
    if not text.strip():
        raise Usage(f"{file} is empty, so nothing was sent.")
    return text.removesuffix("\n").removesuffix("\r")


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
