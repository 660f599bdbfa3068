"""The policy alone, out of a company's files, while the rest of them may be half-written.

Read again and again while the API serves, so files that cannot be about the policy are not parsed. In doubt a file is
about it: then whoever asks keeps the policy that they have.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.definitions.policy_file import KIND, Policy, is_policy_file, policy_of
from daytwo_actions.definitions.yaml import MAX_BYTES, read_documents
from daytwo_store.file_texts import Text, Unreadable, digest, read_texts


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyFiles:
    """The files that may hold the policy, as they were at one moment."""

    texts: tuple[Text, ...]

    @property
    def digest(self) -> str:
        return digest(self.texts)

    def policy(self) -> Policy | None:
        """The one policy; None when no file holds one. Raises `DefinitionRejected` with every problem."""
        problems: list[Problem] = []
        found: list[Document] = []
        for text in self.texts:
            try:
                found += _policies(text.file, text.content)
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
    try:
        texts = read_texts(folders, _may_hold_it, most=MAX_BYTES + 1)  # one more, so that a larger file is told as one
    except Unreadable as error:
        raise DefinitionRejected([Problem(error.file, 1, 1, str(error))]) from error
    return PolicyFiles(texts=texts)


def _may_hold_it(path: Path, content: bytes) -> bool:
    return KIND.encode() in content or is_policy_file(str(path))


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
