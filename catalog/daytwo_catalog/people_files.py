"""The people and groups alone, out of a company's files, while the rest of them may be half-written.

Read again and again while the API serves: who has been taken out of a group has to lose what the group gave them,
without a restart. In doubt a file is about people: then whoever asks keeps those that they have.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from daytwo_catalog.documents import EntityDocument
from daytwo_catalog.errors import CatalogRejected, Problem
from daytwo_catalog.load import CompanyFiles, Origin, draft_of, is_hidden, problems_of
from daytwo_catalog.model import Draft, Kind
from daytwo_catalog.schema import faults_of
from daytwo_store.file_texts import Text, Unreadable, digest, read_texts
from daytwo_store.ids import EntityRef
from daytwo_store.yaml12 import YamlFault, is_test_file, parse

PEOPLE: Final = frozenset({"person", "group"})  # kinds of entities


@dataclass(frozen=True, kw_only=True, slots=True)
class PeopleFiles:
    """The files that may declare people and groups, as they were at one moment."""

    texts: tuple[Text, ...]

    @property
    def digest(self) -> str:
        return digest(self.texts)

    def company(self, kinds: Mapping[str, Kind]) -> CompanyFiles:
        """What they declare of people and groups, checked. Raises `CatalogRejected` with every problem."""
        problems: list[Problem] = []
        drafts: dict[EntityRef, Draft] = {}
        origins: dict[EntityRef, Origin] = {}
        for origin in self._documents(problems):
            try:
                draft = draft_of(EntityDocument.model_validate(origin.document.value))
            except ValidationError as error:
                problems += problems_of(error, origin)
                continue
            if first := origins.get(draft.ref):
                problems.append(origin.problem(("metadata", "name"), f"{draft.ref} stands already in {first}"))
                continue
            drafts[draft.ref], origins[draft.ref] = draft, origin
        problems += [
            origins[ref].fault(fault.pointer, fault.detail)
            for ref, draft in drafts.items()
            for fault in faults_of(draft, kinds)
        ]
        if problems:
            raise CatalogRejected(problems)
        return CompanyFiles(kinds, drafts, origins)

    def _documents(self, problems: list[Problem]) -> list[Origin]:
        found = []
        for text in self.texts:
            try:
                documents = parse(text.content.decode())
            except YamlFault as fault:
                problems.append(Problem(text.file, fault.place.line, fault.place.column, fault.detail))
            except UnicodeDecodeError:
                problems.append(Problem(text.file, 1, 1, "the file is not UTF-8"))
            else:
                found += [Origin(text.file, text.name, one) for one in documents if _is_of_people(one.value)]
        return found


def read_people_files(folders: Iterable[Path]) -> PeopleFiles:
    """Raises `CatalogRejected` for a file or folder that cannot be read: it might be theirs."""
    try:
        return PeopleFiles(texts=read_texts(folders, _may_hold_them))
    except Unreadable as error:
        raise CatalogRejected([Problem(error.file, 1, 1, str(error))]) from error


def _may_hold_them(path: Path, content: bytes) -> bool:
    return b"Entity" in content and not is_hidden(path) and not is_test_file(path)


def _is_of_people(value: object) -> bool:
    if not isinstance(value, dict) or value.get("kind") != "Entity":
        return False
    metadata = value.get("metadata")
    kind = metadata.get("kind") if isinstance(metadata, dict) else None
    return not isinstance(kind, str) or kind in PEOPLE
