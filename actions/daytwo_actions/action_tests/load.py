"""From test files to tests, or every problem at its place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from daytwo_actions.action_tests.model import ActionTest, ActionTests, Given
from daytwo_actions.definitions import faults
from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.definitions.yaml import MAX_BYTES, read_documents
from daytwo_store.yaml12 import is_test_file


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedTests:
    """The tests of one document. `line` says where a test begins."""

    file: Path
    document: Document
    model: ActionTests

    def line(self, number: int) -> int:
        span = self.document.values.get(f"/spec/tests/{number}")
        return span.line if span else 1

    def given(self, test: ActionTest) -> Given:
        """What the test says, and of the rest what the file says for all."""
        every, own = self.model.spec.given, test.given
        return every.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})

    @property
    def folders(self) -> list[Path]:
        return [(self.file.parent / one).resolve() for one in self.model.spec.company]


def found_tests(paths: Iterable[Path]) -> Iterator[Path]:
    """The test files among these, and below those that are folders, each once and in a stable order."""
    seen: set[Path] = set()
    for path in paths:
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for one in found:
            if (path.is_file() or is_test_file(one)) and one.is_file() and one.resolve() not in seen:
                seen.add(one.resolve())
                yield one


def read_tests(paths: Iterable[Path]) -> list[LoadedTests]:
    """Raises `DefinitionRejected` with the problems of all files."""
    problems: list[Problem] = []
    loaded: list[LoadedTests] = []
    for file in paths:
        try:
            loaded += _of_file(file)
        except DefinitionRejected as error:
            problems += error.problems
    if problems:
        raise DefinitionRejected(problems)
    return loaded


def _of_file(file: Path) -> Iterator[LoadedTests]:
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_BYTES + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionRejected(
            [Problem(str(file), 1, 1, f"The file cannot be read ({type(error).__name__})")]
        ) from None
    for document in read_documents(text, str(file)):
        try:
            model = ActionTests.model_validate(document.value)
        except ValidationError as error:
            raise DefinitionRejected(faults.problems(error, document, ActionTests)) from error
        loaded = LoadedTests(file=file, document=document, model=model)
        if wrong := list(_problems(loaded)):
            raise DefinitionRejected(wrong)
        yield loaded


def _problems(loaded: LoadedTests) -> Iterator[Problem]:
    names: set[str] = set()
    for number, test in enumerate(loaded.model.spec.tests):
        at = f"/spec/tests/{number}"
        if test.name in names:
            yield loaded.document.problem(f"{at}/name", f"`{test.name}` stands here twice", "Give it another name.")
        names.add(test.name)
        if loaded.given(test).user is None:
            yield loaded.document.problem(at, "Who asks? `given.user` is missing here, and in the file's own `given`")
    for number, folder in enumerate(loaded.folders):
        if not folder.is_dir():
            yield loaded.document.problem(f"/spec/company/{number}", f"There is no folder {folder}")
