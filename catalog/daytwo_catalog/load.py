"""Catalog files of a company: read, checked against each other, every problem with its place. No database here.

A folder may also hold actions, freezes, schedules and the policy (`kind: Action`, `Freeze`, `Schedule`, `Policy`),
which are somebody else's to read.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Final

from pydantic import ValidationError

from daytwo_catalog.documents import API_VERSION, EntityDocument, KindDocument
from daytwo_catalog.errors import CatalogRejected, Problem
from daytwo_catalog.model import Draft, Kind, Relation
from daytwo_catalog.schema import faults_of, schema_faults
from daytwo_store.ids import EntityRef
from daytwo_store.yaml12 import Document, YamlFault, is_test_file, parse
from daytwo_store.yaml12 import Path as YamlPath

_NOT_OURS: Final = ("Action", "Freeze", "Policy", "Schedule", "Trigger")
_IN_DOCUMENT: Final[Mapping[str, YamlPath]] = {
    "kind": ("metadata", "kind"),
    "name": ("metadata", "name"),
    "owner": ("metadata", "owner"),
    "visible_to": ("metadata", "visibleTo"),
    "properties": ("spec", "properties"),
    "relations": ("spec", "relations"),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a kind or an entity was declared."""

    file: str  # as it was found, for people
    name: str  # relative to the company's folder, for history
    document: Document

    def problem(self, path: YamlPath, detail: str) -> Problem:
        place = self.document.place(path)
        return Problem(self.file, place.line, place.column, detail)

    def fault(self, pointer: str, detail: str) -> Problem:
        """A fault of an entity, as /relations/memberOf/0, at its place in the file."""
        first, *rest = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        steps = (int(part) if part.isdecimal() else part for part in rest)
        return self.problem((*_IN_DOCUMENT[first], *steps), detail)

    def __str__(self) -> str:
        return f"{self.file}:{self.document.place(()).line}"


@dataclass(frozen=True, slots=True)
class CompanyFiles:
    """What all the files of a company declare."""

    kinds: Mapping[str, Kind]
    drafts: Mapping[EntityRef, Draft]
    origins: Mapping[EntityRef, Origin]

    def source(self, ref: EntityRef) -> str:
        return f"file:{self.origins[ref].name}"


def read_company(folders: Sequence[Path]) -> CompanyFiles:
    """Read every .yaml and .yml file below the folders. Raises `CatalogRejected` with all problems at once."""
    reader = _Reader()
    for folder in folders:
        reader.folder(folder)
    reader.check()
    if reader.problems:
        raise CatalogRejected(reader.problems)
    return CompanyFiles(reader.kinds, reader.drafts, reader.origins)


def yaml_files(folder: Path) -> Iterator[Path]:
    """The YAML files below a folder in a stable order, without hidden ones and tests of actions."""
    for path in sorted(folder.rglob("*")):
        hidden = is_hidden(path.relative_to(folder))
        if path.suffix in (".yaml", ".yml") and not hidden and path.is_file() and not is_test_file(path):
            yield path


def is_hidden(path: PurePath) -> bool:
    """`path` is relative to the company's folder."""
    return any(part.startswith(".") for part in path.parts)


@dataclass(slots=True)
class _Reader:
    kinds: dict[str, Kind] = field(default_factory=dict)
    drafts: dict[EntityRef, Draft] = field(default_factory=dict)
    origins: dict[EntityRef, Origin] = field(default_factory=dict)
    kind_origins: dict[str, Origin] = field(default_factory=dict)
    unusable: set[str] = field(default_factory=set)  # kinds whose own schema has problems
    problems: list[Problem] = field(default_factory=list)

    def folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self.problems.append(Problem(str(folder), 1, 1, "there is no such folder. Mend `company` in the settings."))
            return
        for path in yaml_files(folder):
            self._file(path, path.relative_to(folder).as_posix())

    def check(self) -> None:
        """What can be said only when everything is read."""
        for name, kind in self.kinds.items():
            for relation, rule in kind.relations.items():
                if rule.kind not in self.kinds:
                    place = ("spec", "relations", relation, "kind")
                    self.problems.append(self.kind_origins[name].problem(place, f"there is no kind {rule.kind}"))
        for ref, draft in self.drafts.items():
            if draft.kind in self.unusable:
                continue
            self.problems += [
                self.origins[ref].fault(fault.pointer, fault.detail) for fault in faults_of(draft, self.kinds)
            ]

    def _file(self, path: Path, name: str) -> None:
        try:
            documents = parse(path.read_text(encoding="utf-8"))
        except YamlFault as fault:
            self.problems.append(Problem(str(path), fault.place.line, fault.place.column, fault.detail))
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(Problem(str(path), 1, 1, f"the file cannot be read: {type(error).__name__}"))
        else:
            for document in documents:
                self._document(Origin(str(path), name, document))

    def _document(self, origin: Origin) -> None:
        value = origin.document.value
        if not isinstance(value, dict):
            self.problems.append(origin.problem((), f"a document begins with `apiVersion: {API_VERSION}`"))
        elif value.get("kind") in _NOT_OURS:
            return
        elif value.get("kind") not in ("Kind", "Entity"):
            known = "Kind, Entity, Action, Freeze, Schedule, Trigger or Policy"
            self.problems.append(origin.problem(("kind",), f"a document here is of kind {known}"))
        else:
            try:
                self._declare(origin)
            except ValidationError as error:
                self.problems += problems_of(error, origin)

    def _declare(self, origin: Origin) -> None:
        value = origin.document.value
        if isinstance(value, dict) and value["kind"] == "Kind":
            self._kind(KindDocument.model_validate(value), origin)
        else:
            self._entity(EntityDocument.model_validate(value), origin)

    def _kind(self, declared: KindDocument, origin: Origin) -> None:
        name = declared.metadata.name
        if first := self.kind_origins.get(name):
            self.problems.append(origin.problem(("metadata", "name"), f"the kind {name} stands already in {first}"))
            return
        path = ("spec", "schema")
        for fault in schema_faults(declared.spec.properties):
            steps = (int(part) if part.isdecimal() else part for part in fault.pointer.split("/")[1:])
            self.problems.append(origin.problem((*path, *steps), fault.detail))
            self.unusable.add(name)
        self.kind_origins[name] = origin
        self.kinds[name] = Kind(
            name=name,
            title=declared.metadata.title or name,
            property_schema=declared.spec.properties,
            relations={key: Relation(rule.kind, rule.many) for key, rule in declared.spec.relations.items()},
            source=f"file:{origin.name}",
        )

    def _entity(self, declared: EntityDocument, origin: Origin) -> None:
        draft = draft_of(declared)
        if first := self.origins.get(draft.ref):
            self.problems.append(origin.problem(("metadata", "name"), f"{draft.ref} stands already in {first}"))
            return
        self.origins[draft.ref] = origin
        self.drafts[draft.ref] = draft


def draft_of(declared: EntityDocument) -> Draft:
    return Draft(
        kind=declared.metadata.kind,
        name=declared.metadata.name,
        title=declared.metadata.title or declared.metadata.name,
        owner=declared.metadata.owner,
        properties=declared.spec.properties,
        relations=declared.spec.relations,
        visible_to=tuple(declared.metadata.visible_to),
    )


def problems_of(error: ValidationError, origin: Origin) -> Iterator[Problem]:
    for fault in error.errors():
        path = tuple(fault["loc"])
        place = origin.document.key(path) if fault["type"] == "extra_forbidden" else origin.document.place(path)
        yield Problem(origin.file, place.line, place.column, _sentence(fault["type"], path, fault["msg"]))


def _sentence(kind: str, path: YamlPath, said: str) -> str:
    name = ".".join(map(str, path))
    if kind == "missing":
        return f"{name} is missing"
    if kind == "extra_forbidden":
        return f"there is no key {name}{_suggestion(str(path[-1]))}"
    return f"{name}: {said[0].lower()}{said[1:]}"


def _suggestion(key: str) -> str:
    known = ["apiVersion", "kind", "metadata", "spec", "name", "title", "owner", "visibleTo", "schema", "properties"]
    near = difflib.get_close_matches(key, [*known, "relations", "many"], n=1)
    return f"; did you mean {near[0]}?" if near else ""
