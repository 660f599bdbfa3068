"""The policy alone, out of a company's files, while the rest of them may be half-written.

Read again and again while the API serves, so files that cannot be about the policy are not parsed. In doubt a file is
about it: then whoever asks keeps the policy that they have.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.definitions.policy_file import KIND, Policy, is_policy_file, policy_of
from daytwo_actions.definitions.yaml import MAX_BYTES, read_documents

SUFFIXES: Final = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyFiles:
    """The files that may hold the policy, as they were at one moment."""

    texts: tuple[tuple[str, bytes], ...]  # names and contents, in order

    @property
    def digest(self) -> str:
        """Of names and contents: the same again means that nothing was written in between."""
        whole = hashlib.sha256()
        for name, content in self.texts:
            whole.update(f"{len(name)} {name} {len(content)} ".encode() + content)
        return whole.hexdigest()

    def policy(self) -> Policy | None:
        """The one policy; None when no file holds one. Raises `DefinitionRejected` with every problem."""
        problems: list[Problem] = []
        found: list[Document] = []
        for name, content in self.texts:
            try:
                found += _policies(name, content)
            except DefinitionRejected as error:
                problems += error.problems
        for other in found[1:]:
            message = f"A company has one policy, and there is one in {found[0].file}"
            problems.append(other.problem("/kind", message, "Write all roles into one of them."))
        if problems:
            raise DefinitionRejected(problems)
        return policy_of(found[0]) if found else None


def read_policy_files(folders: Iterable[Path]) -> PolicyFiles:
    """Raises `DefinitionRejected` for a file or folder that cannot be read: it might be the policy."""
    texts = []
    for path in _files(folders):
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)  # one more than is read, so that a larger file is told as one
        except OSError as error:
            problem = Problem(str(path), 1, 1, f"The file cannot be read ({error.strerror})")
            raise DefinitionRejected([problem]) from error
        if KIND.encode() in content or is_policy_file(str(path)):
            texts.append((str(path), content))
    return PolicyFiles(texts=tuple(texts))


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_dir():
            yield from sorted(one for one in folder.rglob("*") if one.suffix in SUFFIXES and one.is_file())
        elif folder.is_file():
            yield folder
        else:
            raise DefinitionRejected([Problem(str(folder), 1, 1, "There is no such file or folder")])


def _policies(name: str, content: bytes) -> list[Document]:
    try:
        read = read_documents(content.decode(), name)
    except UnicodeDecodeError as error:
        raise DefinitionRejected([Problem(name, 1, 1, "The file is not UTF-8")]) from error
    found = [one for one in read if isinstance(one.value, dict) and one.value.get("kind") == KIND]
    if is_policy_file(name) and not found:
        message = f"This file holds no policy: a document of `kind: {KIND}` is missing"
        raise DefinitionRejected([Problem(name, 1, 1, message)])
    return found
