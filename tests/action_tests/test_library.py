"""The tests that come with the library's actions pass."""

from pathlib import Path

import pytest

from daytwo_actions.action_tests import read_tests
from daytwo_workflows.action_tests.play import play
from daytwo_workflows.action_tests.stage import Stage

pytestmark = pytest.mark.anyio
LIBRARY = Path(__file__).parents[2] / "actions/library"
FILES = sorted(LIBRARY.glob("*/actions/*.test.yml"))
QUICK = ("rollback.test.yml", "restart.test.yml")  # the others are played by `make e2e`


@pytest.mark.parametrize(
    "file",
    [pytest.param(file, id=file.name, marks=[] if file.name in QUICK else [pytest.mark.long]) for file in FILES],
)
async def test_they_pass(stage: Stage, file: Path) -> None:
    (loaded,) = read_tests([file])
    done = [await play(stage, loaded, number) for number in range(len(loaded.model.spec.tests))]
    assert [(one.name, one.differences, one.trouble) for one in done if not one.passed] == []
    assert done


def test_all_of_them_are_there() -> None:
    assert len(FILES) == 9
