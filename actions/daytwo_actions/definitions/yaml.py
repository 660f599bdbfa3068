"""YAML 1.2 (core schema) with the position of everything, for files that strangers write.

PyYAML's C parser gives events, yamlcore says what a plain scalar is (`on`, `no` and dates are text, as in YAML 1.2).
The tree is built here, because composing one by PyYAML expands aliases, keeps the last of two equal keys and recurses
as deep as the file says. Refused: aliases and anchors, tags, equal keys, keys that are not text, files over 256 KB,
nesting over 32, and numbers that are not written as JSON would write them: `version: 1.10` is the number 1.1.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml
from pydantic import JsonValue
from yamlcore import CCoreLoader

from daytwo_actions.definitions.document import Document, Span
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_forms import messages
from daytwo_forms.pointers import under

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32
MAX_NODES: Final = 20_000
_MAX_NUMBER: Final = 40  # characters
_WHOLE: Final = 2**53 - 1
_FORBIDDEN: Final = re.compile("[\ud800-\udfff\0]")
_JSON_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")


def read_documents(text: str, file: str) -> list[Document]:
    """All documents of a file. Raises `DefinitionRejected`, with every problem that does not hide the others."""
    wrong = _unreadable(text)
    if wrong:
        raise DefinitionRejected([Problem(file, 1, 1, wrong)])
    builder = _Builder(text, file)
    try:
        builder.build(yaml.parse(text, Loader=CCoreLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise DefinitionRejected([*builder.problems, Problem(file, line, column, _said(error))]) from error
    except yaml.YAMLError as error:
        raise DefinitionRejected([Problem(file, 1, 1, "This is not YAML: a character is not allowed")]) from error
    if builder.problems:
        raise DefinitionRejected(builder.problems)
    return builder.documents


def _unreadable(text: str) -> str | None:
    if _FORBIDDEN.search(text):
        return "The file contains a NUL character or is not Unicode"
    size = len(text.encode())
    if size > MAX_BYTES:
        return f"The file has {size} bytes, and at most {MAX_BYTES} are read"
    return None


def _said(error: yaml.MarkedYAMLError) -> str:
    problem = (error.problem or "it cannot be read").rstrip(".")
    return f"This is not YAML: {problem}" + (f", {error.context}" if error.context else "")


class _Stop(Exception):
    """Nothing after this can be read."""


@dataclass(slots=True)
class _Open:
    """A list or map that is being read."""

    pointer: str
    value: list[JsonValue] | dict[str, JsonValue]
    event: yaml.Event
    key: str | None = None
    lost: bool = False  # the key was refused, so its value goes nowhere

    def next_pointer(self) -> str:
        return under(self.pointer, len(self.value) if isinstance(self.value, list) else self.key or "")


class _Builder:
    def __init__(self, text: str, file: str) -> None:
        self.documents: list[Document] = []
        self.problems: list[Problem] = []
        self._text = text
        self._file = file
        self._scalars = CCoreLoader("")
        self._stack: list[_Open] = []
        self._nodes = 0
        self._values: dict[str, Span] = {}
        self._keys: dict[str, Span] = {}
        self._root: JsonValue = None

    def build(self, events: Iterator[yaml.Event]) -> None:
        try:
            for event in events:
                self._event(event)
        except _Stop:
            return

    def _event(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._values, self._keys, self._root = {}, {}, None
            case yaml.DocumentEndEvent():
                self._document()
            case yaml.AliasEvent():
                self._refuse(event, "An alias is not read here", "Write the value out where it is needed.")
                self._place(event, None)
            case yaml.ScalarEvent():
                self._check(event)
                self._scalar(event)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._check(event)
                self._open(event)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._close(event)

    def _document(self) -> None:
        document = Document(file=self._file, text=self._text, value=self._root, values=self._values, keys=self._keys)
        if self._root is not None:
            self.documents.append(document)

    def _check(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._refuse(event, f"The file holds more than {MAX_NODES} values")
            raise _Stop
        if event.anchor is not None:
            self._refuse(event, f"An anchor (`&{messages.shown(event.anchor)}`) is not read here")
        if event.tag is not None:
            self._refuse(
                event, f"A tag (`{messages.shown(event.tag)}`) is not read here", "Quote a value to make it text."
            )

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._refuse(event, f"Nothing may be nested deeper than {MAX_DEPTH}")
            raise _Stop
        if self._awaits_key():
            self._refuse(event, "A key is text, not a list or a map")
            raise _Stop
        pointer = self._stack[-1].next_pointer() if self._stack else ""
        self._stack.append(_Open(pointer, [] if isinstance(event, yaml.SequenceStartEvent) else {}, event))

    def _close(self, event: yaml.Event) -> None:
        done = self._stack.pop()
        self._place(event, done.value, first=done.event)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if not self._awaits_key():
            self._place(event, self._value(event))
            return
        owner = self._stack[-1]
        assert isinstance(owner.value, dict)
        owner.key, owner.lost = event.value, False
        pointer = under(owner.pointer, event.value)
        shown = messages.shown(event.value)
        if self._plain_tag(event) != "str":
            self._refuse(event, f"The key `{shown}` is not text", f'Write "{shown}".')
        elif pointer in self._keys:
            first = self._keys[pointer]
            self._refuse(event, f"The key `{shown}` was used before, in line {first.line}", pointer=pointer)
            owner.lost = True
        else:
            self._keys[pointer] = _span(event)

    def _awaits_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None

    def _place(self, event: yaml.Event, value: JsonValue, *, first: yaml.Event | None = None) -> None:
        owner = self._stack[-1] if self._stack else None
        pointer = owner.next_pointer() if owner else ""
        if not (owner and owner.lost):
            self._values[pointer] = _span(event, first)
        if owner is None:
            self._root = value
        elif isinstance(owner.value, list):
            owner.value.append(value)
        else:
            if owner.key is not None and not owner.lost:
                owner.value[owner.key] = value
            owner.key = None

    def _plain_tag(self, event: yaml.ScalarEvent) -> str:
        """`str`, `null`, `bool`, `int` or `float`, by YAML 1.2's core schema."""
        if not event.implicit[0]:
            return "str"
        tag: str = self._scalars.resolve(yaml.ScalarNode, event.value, (True, False))
        return tag.rpartition(":")[2]

    def _value(self, event: yaml.ScalarEvent) -> JsonValue:
        match tag := self._plain_tag(event):
            case "null":
                return None
            case "bool":
                return event.value.lower() == "true"
            case "int" | "float":
                return self._number(event, tag)
            case _:
                return str(event.value)

    def _number(self, event: yaml.ScalarEvent, tag: str) -> JsonValue:
        shown = messages.shown(event.value)
        advice = f'Write "{shown}" if it is text.'
        if len(event.value) > _MAX_NUMBER:
            self._refuse(event, f"`{shown}` is too long for a number", advice)
            return None
        read = self._scalars.construct_object(yaml.ScalarNode(f"tag:yaml.org,2002:{tag}", event.value))
        if not -math.inf < read < math.inf or abs(read) > _WHOLE:
            self._refuse(event, f"`{shown}` is no number that JSON keeps exactly", advice)
            return None
        number: int | float = int(read) if read == int(read) else read
        if not _JSON_NUMBER.fullmatch(event.value):
            self._refuse(event, f"`{shown}` is read as the number {number}", advice)
        return number

    def _refuse(self, event: yaml.Event, message: str, advice: str | None = None, *, pointer: str = "") -> None:
        span = _span(event)
        self.problems.append(Problem(self._file, span.line, span.column, message, advice, pointer))


def _span(event: yaml.Event, first: yaml.Event | None = None) -> Span:
    """From the beginning of `first`, or else of the event, to the end of the event."""
    begin, end = (first or event).start_mark, event.end_mark
    assert begin is not None
    assert end is not None
    return Span(begin.line + 1, begin.column + 1, begin.index, end.index)
