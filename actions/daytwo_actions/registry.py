"""A set of definitions from files and folders. A name has one owner: two files with one action are both named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from daytwo_actions.definitions.calls import call_problems
from daytwo_actions.definitions.check import Surroundings
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.definitions.kinds import kind_of
from daytwo_actions.definitions.load import ActionVersion, action_of
from daytwo_actions.definitions.policy_file import KIND as POLICY
from daytwo_actions.definitions.policy_file import Policy, is_policy_file, policy_of
from daytwo_actions.definitions.shapes import KindShape
from daytwo_actions.definitions.yaml import MAX_BYTES, read_documents
from daytwo_actions.freezes.load import LoadedFreeze, freeze_of, unknown_actions
from daytwo_actions.schedules import LoadedSchedule, schedule_of, unfitting
from daytwo_actions.triggers import LoadedTrigger, trigger_of, unfitting_trigger
from daytwo_store.ids import ActionName
from daytwo_store.yaml12 import is_test_file

_SUFFIXES: Final = frozenset({".yaml", ".yml"})
_KINDS: Final = ("Action", "Kind", "Entity", "Freeze", "Schedule", "Trigger", POLICY)
_OURS: Final = ("Action", "Kind", "Freeze", "Schedule", "Trigger", POLICY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """What a tree of files declares. `others` are documents that somebody else reads, as entities."""

    actions: Mapping[ActionName, ActionVersion]
    freezes: Mapping[str, LoadedFreeze]
    schedules: Mapping[str, LoadedSchedule]
    triggers: Mapping[str, LoadedTrigger]
    kinds: Mapping[str, KindShape]
    others: tuple[Document, ...]
    policy: Policy | None = None

    def edited_files(self) -> set[str]:
        """Of which it matters who last changed them: who wrote what is asked for does not approve it."""
        actions = {one.file for one in self.actions.values()}
        schedules = {one.file for one in self.schedules.values()}
        return actions | schedules | {one.file for one in self.triggers.values()}


def load_registry(paths: Iterable[Path], *, surroundings: Surroundings | None = None) -> Registry:
    """Read files, and folders with everything below them. Kinds found there are known to the actions found there,
    besides those of `surroundings`.

    Raises `DefinitionRejected` with the problems of all files.
    """
    reader = _Reader(surroundings or Surroundings())
    for path in paths:
        reader.path(path)
    return reader.registry()


def load_texts(
    texts: Iterable[tuple[str, str]],
    *,
    surroundings: Surroundings,
    beside: Mapping[ActionName, ActionVersion] = MappingProxyType({}),
) -> Registry:
    """The same from the names and contents of files that somebody has sent. `beside`: actions that are there besides
    those of the files; these may call them, and have to fit what calls them. Raises `DefinitionRejected`.
    """
    reader = _Reader(surroundings, beside)
    for name, text in texts:
        reader.text(name, text)
    return reader.registry()


@dataclass(slots=True)
class _Reader:
    surroundings: Surroundings
    beside: Mapping[ActionName, ActionVersion] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def path(self, path: Path) -> None:
        if path.is_dir():
            found = sorted(
                one for one in path.rglob("*") if one.suffix in _SUFFIXES and one.is_file() and not is_test_file(one)
            )
            for one in found:
                self._file(one)
        elif path.is_file():
            self._file(path)
        else:
            self._fault(path, "There is no such file or folder")

    def text(self, name: str, text: str) -> None:
        try:
            read = read_documents(text, name)
        except DefinitionRejected as error:
            self.problems += error.problems
            return
        self.documents += read
        if is_policy_file(name) and POLICY not in map(_kind, read):
            self._fault(Path(name), f"This file holds no policy: a document of `kind: {POLICY}` is missing")

    def registry(self) -> Registry:
        kinds = self._kinds()
        known = {**(self.surroundings.kinds or {}), **kinds}
        around = Surroundings(
            kinds=known if known or self.surroundings.kinds is not None else None,
            connections=self.surroundings.connections,
            services=self.surroundings.services,
            tokens=self.surroundings.tokens,
            sources=self.surroundings.sources,
        )
        actions = self._actions(around)
        every = {**self.beside, **actions}
        self.problems += call_problems({str(name): one for name, one in every.items()})
        freezes = self._freezes(every)
        schedules = self._schedules(every)
        triggers = self._triggers(every)
        policy = self._policy()
        others = tuple(one for one in self.documents if _kind(one) not in _OURS)
        for other in others:
            if _kind(other) not in _KINDS:
                listed = ", ".join(_KINDS)
                self.problems.append(other.problem("/kind", f"`kind` says what the document is: one of {listed}"))
        if self.problems:
            raise DefinitionRejected(self.problems)
        return Registry(
            actions=actions,
            freezes=freezes,
            schedules=schedules,
            triggers=triggers,
            kinds=kinds,
            others=others,
            policy=policy,
        )

    def _file(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)  # one more than is read, so that a larger file is told as one
            self.text(str(path), content.decode())
        except UnicodeDecodeError:
            self._fault(path, "The file is not UTF-8")
        except OSError as error:
            self._fault(path, f"The file cannot be read ({error.strerror})")

    def _fault(self, path: Path, message: str) -> None:
        self.problems.append(Problem(str(path), 1, 1, message))

    def _kinds(self) -> dict[str, KindShape]:
        owners: dict[str, Document] = {}
        kinds: dict[str, KindShape] = {}
        for document in self._of("Kind"):
            try:
                name, shape = kind_of(document)
            except DefinitionRejected as error:
                self.problems += error.problems
                continue
            if self._owned(owners, name, document):
                kinds[name] = shape
        return kinds

    def _actions(self, around: Surroundings) -> dict[ActionName, ActionVersion]:
        owners: dict[str, Document] = {}
        actions: dict[ActionName, ActionVersion] = {}
        for document in self._of("Action"):
            name = _name(document)
            if name is not None and not self._owned(owners, name, document):
                continue
            try:
                version = action_of(document, surroundings=around)
            except DefinitionRejected as error:
                self.problems += error.problems
            else:
                actions[version.name] = version
        return actions

    def _policy(self) -> Policy | None:
        """The one policy, or None when no file holds one."""
        first: Document | None = None
        found: Policy | None = None
        for document in self._of(POLICY):
            if first is not None:
                message = f"A company has one policy, and there is one in {first.file}"
                self.problems.append(document.problem("/kind", message, "Write all roles into one of them."))
                continue
            first = document
            try:
                found = policy_of(document)
            except DefinitionRejected as error:
                self.problems += error.problems
        return found

    def _freezes(self, actions: Mapping[ActionName, ActionVersion]) -> dict[str, LoadedFreeze]:
        owners: dict[str, Document] = {}
        freezes: dict[str, LoadedFreeze] = {}
        for document in self._of("Freeze"):
            try:
                loaded = freeze_of(document)
            except DefinitionRejected as error:
                self.problems += error.problems
                continue
            if self._owned(owners, loaded.name, document):
                freezes[loaded.name] = loaded
            if actions:  # else these are files of freezes alone
                self.problems += unknown_actions(loaded.model, document, actions)
        return freezes

    def _schedules(self, actions: Mapping[ActionName, ActionVersion]) -> dict[str, LoadedSchedule]:
        owners: dict[str, Document] = {}
        schedules: dict[str, LoadedSchedule] = {}
        for document in self._of("Schedule"):
            try:
                loaded = schedule_of(document)
            except DefinitionRejected as error:
                self.problems += error.problems
                continue
            if self._owned(owners, loaded.name, document):
                schedules[loaded.name] = loaded
            if actions:  # else these are files of schedules alone
                self.problems += unfitting(loaded.model, document, actions)
        return schedules

    def _triggers(self, actions: Mapping[ActionName, ActionVersion]) -> dict[str, LoadedTrigger]:
        owners: dict[str, Document] = {}
        triggers: dict[str, LoadedTrigger] = {}
        for document in self._of("Trigger"):
            try:
                loaded = trigger_of(document)
            except DefinitionRejected as error:
                self.problems += error.problems
                continue
            if self._owned(owners, loaded.name, document):
                triggers[loaded.name] = loaded
            if actions:  # else these are files of triggers alone
                self.problems += unfitting_trigger(loaded.model, document, actions)
        return triggers

    def _of(self, kind: str) -> list[Document]:
        return [one for one in self.documents if _kind(one) == kind]

    def _owned(self, owners: dict[str, Document], name: str, document: Document) -> bool:
        """Is this the first document with the name? The second is a problem that names both files."""
        first = owners.setdefault(name, document)
        if first is document:
            return True
        message = f"`{name}` is declared twice, here and in {first.file}"
        self.problems.append(document.problem("/metadata/name", message, "Give one of them another name."))
        return False


def _kind(document: Document) -> object:
    return document.value.get("kind") if isinstance(document.value, dict) else None


def _name(document: Document) -> str | None:
    metadata = document.value.get("metadata") if isinstance(document.value, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else None
