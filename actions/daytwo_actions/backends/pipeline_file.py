"""Pipeline files as their authors write them, as YAML nodes that know their lines.

Unlike our own files, theirs may have anchors, tags (`!reference`), keys given twice and several documents, so nothing
is refused but what cannot be read at all. Plain scalars are typed by YAML 1.2's core schema: `on` is a word. Nothing
is expanded: an alias is the node that it stands for, and everything that walks here looks at a node once.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml
from pydantic import JsonValue
from yamlcore import CCoreLoader

MAX_BYTES: Final = 262_144
# The C parser of YAML builds its tree by recursion, and a file of a few thousand "[" ends the process.
_DEEPEST: Final = 50
_MOST_VALUES: Final = 2_000  # of one value that is taken out whole, such as a default: aliases can stand for millions
_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final = CCoreLoader("")


class Unreadable(ValueError):
    """The file is not what its vendor could read either. `line` counts from 1, and is None where there is none."""

    def __init__(self, detail: str, line: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.line = line


@dataclass(frozen=True, slots=True)
class PipelineFile:
    """The documents of one file, and its text."""

    documents: tuple[yaml.Node, ...]
    text: str = field(repr=False)

    def source(self, node: yaml.Node) -> str:
        """The characters of a node as they stand in the file, quotes and all."""
        return self.text[node.start_mark.index : node.end_mark.index]


def read_file(content: bytes) -> PipelineFile:
    """Raises `Unreadable`."""
    if len(content) > MAX_BYTES:
        raise Unreadable(f"it has {len(content):,} bytes, and at most {MAX_BYTES:,} are read")
    try:
        text = content.decode()
        if not _is_shallow(text):
            raise Unreadable(f"it is nested more than {_DEEPEST} levels deep")
        return PipelineFile(tuple(yaml.compose_all(text, Loader=CCoreLoader)), text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(f"it is not YAML: {error.problem or error.context}", mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, UnicodeError):
        raise Unreadable("it has characters that YAML does not allow (it has to be UTF-8)") from None


def one_mapping(content: bytes) -> PipelineFile:
    """A file that has to be one document of keys and values. Raises `Unreadable`."""
    file = read_file(content)
    if len(file.documents) != 1 or not isinstance(file.documents[0], yaml.MappingNode):
        raise Unreadable("it is not one YAML document of keys and values")
    return file


def _is_shallow(text: str) -> bool:
    depth = 0
    for event in yaml.parse(text, Loader=CCoreLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return False
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return True


def entries(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """Name, key and value of a mapping, as the keys are written; nothing for anything else."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield key.value, key, value


def child(node: yaml.Node | None, *path: str) -> yaml.Node | None:
    """The node below by keys as they are written, so that `on` is not read as the truth value of YAML 1.1."""
    for name in path:
        node = next((value for key, _, value in entries(node) if key == name), None)
    return node


def items(node: yaml.Node | None) -> list[yaml.Node]:
    """The members of a list; of a list in a list too, as GitLab flattens them. Nothing for anything else."""
    found: list[yaml.Node] = []
    waiting = deque(node.value if isinstance(node, yaml.SequenceNode) else ())
    seen: set[int] = set()
    while waiting:
        one = waiting.popleft()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, yaml.SequenceNode):
            waiting.extendleft(reversed(one.value))
        else:
            found.append(one)
    return found


def word(node: yaml.Node | None) -> str | None:
    """A scalar as it is written, None for anything else and for null."""
    return node.value if isinstance(node, yaml.ScalarNode) and node.tag != f"{_TAG}null" else None


def plain(node: yaml.Node | None) -> JsonValue:
    """A value as JSON, by YAML 1.2's core schema. What JSON does not have is its text. Raises `Unreadable`."""
    return _Plain().of(node)


def bracketed(text: str, opening: str, closing: str) -> Iterator[tuple[int, str]]:
    """Each piece from `opening` to the next `closing`, with the number of line breaks before it."""
    lines, done = 0, 0
    while (start := text.find(opening, done)) >= 0 and (end := text.find(closing, start + len(opening))) >= 0:
        lines += text.count("\n", done, start)
        yield lines, text[start : end + len(closing)]
        lines += text.count("\n", start, end)
        done = end + len(closing)


def line_of(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


class _Plain:
    def __init__(self) -> None:
        self._count = 0

    def of(self, node: yaml.Node | None, depth: int = 0) -> JsonValue:
        self._count += 1
        if self._count > _MOST_VALUES or depth > _DEEPEST:
            raise Unreadable(f"a value stands for more than {_MOST_VALUES:,} values", line_of(node) if node else None)
        match node:
            case yaml.ScalarNode():
                return _scalar(node)
            case yaml.SequenceNode():
                return [self.of(item, depth + 1) for item in node.value]
            case yaml.MappingNode():
                return {name: self.of(value, depth + 1) for name, _, value in entries(node)}
            case _:
                return None


def _scalar(node: yaml.ScalarNode) -> JsonValue:
    match node.tag.removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return bool(node.value.lower() == "true")
        case "int" | "float" if len(node.value) <= 40:
            number = _SCALARS.construct_object(yaml.ScalarNode(node.tag, node.value))
            if math.isfinite(number):
                return int(number) if isinstance(number, int) else float(number)
    return str(node.value)
