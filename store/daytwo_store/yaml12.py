"""YAML 1.2 (core schema) as plain JSON data in which every value knows its line and column.

Narrower than YAML on purpose: no anchors and aliases (a few lines of them can stand for gigabytes), no tags, no
duplicate keys, no dates (1.2 has none: `2024-01-01` is text), no `.inf`, and bounded in size and depth. PyYAML's C
scanner does the reading; which type a plain scalar has is decided here, since PyYAML follows YAML 1.1 (`on` is true).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

import yaml
from pydantic import JsonValue

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 64
MAX_INTEGER: Final = 2**53 - 1  # beyond it JSON readers, JavaScript first, disagree about the number

Path = tuple[str | int, ...]
_TESTS: Final = (".test.yml", ".test.yaml")


def is_test_file(path: PurePath) -> bool:
    """Does it hold tests of actions? They lie beside the definitions, and whoever loads those leaves them out."""
    return path.name.endswith(_TESTS)


_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL: Final = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_JSON: Final = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; both count from 1. `text` is how a plain scalar is written: "1.10" for 1.1."""

    line: int
    column: int
    text: str | None = None


class YamlFault(ValueError):
    """The text is not YAML as it is accepted here."""

    def __init__(self, place: Place, detail: str) -> None:
        super().__init__(f"{place.line}:{place.column}: {detail}")
        self.place = place
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its value, and the places of all values and keys by path, as ("spec", "steps", 0)."""

    value: JsonValue
    places: Mapping[Path, Place]
    keys: Mapping[Path, Place]

    def place(self, path: Path) -> Place:
        """Where the value stands; for a path that does not exist, its nearest parent."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

    def key(self, path: Path) -> Place:
        """Where the key of the value stands, else the value."""
        return self.keys.get(path) or self.place(path)


def parse(text: str) -> list[Document]:
    """All documents of a text; empty ones are left out. Raises `YamlFault` and nothing else."""
    size = len(text.encode(errors="replace"))
    if size > MAX_BYTES:
        raise YamlFault(Place(1, 1), f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read. Split it.")
    try:
        events = yaml.parse(text, Loader=yaml.CSafeLoader)
        return list(_documents(iter(events)))
    except yaml.MarkedYAMLError as error:
        raise YamlFault(_place(error.problem_mark), _sentence(error)) from None
    except (yaml.YAMLError, UnicodeError):
        raise YamlFault(Place(1, 1), "the file has characters that YAML does not allow (it has to be UTF-8)") from None


def _documents(events: Iterator[yaml.Event]) -> Iterator[Document]:
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            reader = _Reader(events)
            value = reader.value(next(events), ())
            if value is not None:
                yield Document(value, reader.places, reader.keys)


@dataclass(slots=True)
class _Reader:
    events: Iterator[yaml.Event]
    places: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)

    def value(self, event: yaml.Event, path: Path) -> JsonValue:
        place = _checked(event)
        if len(path) > MAX_DEPTH:
            raise YamlFault(place, f"nested more than {MAX_DEPTH} levels deep")
        self.places[path] = place
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event, place)
        return self._mapping(path) if isinstance(event, yaml.MappingStartEvent) else self._list(path)

    def _mapping(self, path: Path) -> JsonValue:
        result: dict[str, JsonValue] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            name, place = _name(event)
            if name in result:
                first = self.keys[(*path, name)]
                raise YamlFault(place, f"the key {name!r} stands here twice; the first is in line {first.line}")
            self.keys[(*path, name)] = place
            result[name] = self.value(next(self.events), (*path, name))
        return result

    def _list(self, path: Path) -> JsonValue:
        result: list[JsonValue] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            result.append(self.value(event, (*path, len(result))))
        return result


def _checked(event: yaml.Event) -> Place:
    place = _place(event.start_mark)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        raise YamlFault(place, "anchors (&) and aliases (*) are not accepted. Write the value out.")
    if (tag := getattr(event, "tag", None)) is not None:
        raise YamlFault(place, f"the tag {tag} is not accepted. Leave it out, and quote what is meant to be text.")
    if isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
        return Place(place.line, place.column, event.value)
    return place


def _name(event: yaml.Event) -> tuple[str, Place]:
    place = _checked(event)
    key = _scalar(event, place) if isinstance(event, yaml.ScalarEvent) else None
    if not isinstance(key, str):
        raise YamlFault(place, "a key has to be text. Quote it if it looks like something else.")
    return key, place


def _scalar(event: yaml.ScalarEvent, place: Place) -> JsonValue:
    return _plain(event.value, place) if event.implicit[0] else _text(event.value, place)


def _plain(text: str, place: Place) -> JsonValue:
    """The value of an unquoted scalar by the core schema."""
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _NOT_JSON.match(text):
        raise YamlFault(place, f"{text} is not a number that JSON has. Quote it if it is meant as text.")
    for pattern, base in ((_INTEGER, 10), (_OCTAL, 8), (_HEXADECIMAL, 16)):
        if pattern.match(text):
            return _integer(text, base, place)
    if _FLOAT.match(text):
        return _float(text, place)
    return _text(text, place)


def _integer(text: str, base: int, place: Place) -> int:
    digits = text if base == 10 else text[2:]
    if len(digits) > 20 or abs(int(digits, base)) > MAX_INTEGER:
        raise YamlFault(place, "this whole number is too large to be kept exactly. Quote it if it is meant as text.")
    return int(digits, base)


def _float(text: str, place: Place) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise YamlFault(place, "this number is too large. Quote it if it is meant as text.")
    return number


def _text(text: str, place: Place) -> str:
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise YamlFault(place, "the text has a character that cannot be stored (null, or half of a surrogate pair)")
    return text


def _place(mark: yaml.Mark | yaml._yaml.Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


def _sentence(error: yaml.MarkedYAMLError) -> str:
    said = ", ".join(part for part in (error.problem, error.context) if part)
    return f"this is not YAML: {said}"
