"""Definitions are checked without a server, with the code that registers them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from daytwo_cli.exits import Exit

ROOT = Path(__file__).parents[2]
ACTION = (ROOT / "examples" / "actions" / "deploy.yaml").read_text()


def test_the_example_company_is_valid(cli: Any) -> None:
    done = cli("validate", str(ROOT / "examples" / "catalog"), str(ROOT / "examples" / "actions"), environment={})
    assert (done.code, done.out) == (0, "Everything is as it should be.\n")


def test_each_problem_has_its_place_and_a_caret(cli: Any, tmp_path: Path) -> None:
    file = tmp_path / "deploy.yaml"
    file.write_text(
        ACTION.replace("inputs.version }}", "inputs.versio }}", 1).replace(
            "inputs.environment.ref", "inputs.environmet.ref"
        )
    )
    done = cli("validate", str(tmp_path), environment={})
    assert done.code == Exit.FAILED
    lines = done.out.splitlines()
    pointed_at = [line[caret.index("^") :] for line, caret in zip(lines[1::3], lines[2::3], strict=True)]
    assert [text.split(" ")[0] for text in pointed_at] == ["versio", "environmet.ref"]
    assert lines[0].startswith(f"{file}:")
    assert "`version`" in lines[0]
    assert "2 problems." in done.err


def test_an_entity_that_its_kind_does_not_allow(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text(
        "apiVersion: daytwo/v1\nkind: Entity\nmetadata: { kind: service, name: shop }\nspec: {}\n"
    )
    done = cli("validate", str(tmp_path), "--json", environment={})
    (problem,) = done.json["problems"]
    assert done.code == Exit.FAILED
    assert (problem["file"], problem["line"]) == (str(tmp_path / "catalog.yaml"), 3)


def test_two_files_with_one_action(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ACTION)
    (tmp_path / "b.yaml").write_text(ACTION)
    done = cli("validate", str(tmp_path), environment={})
    assert "b.yaml" in done.out
    assert "a.yaml" in done.out
    assert done.code == Exit.FAILED


@pytest.mark.parametrize("which", [["action"], ["kind", "--json"]])
def test_schemas_are_json_schema(which: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "daytwo_cli", "schema", *which], capture_output=True, check=True)
    assert json.loads(done.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_help_is_quick() -> None:
    """The budget is 0.3 s: what a start reads is counted, since seconds say more of the machine."""
    heavy = "{'httpx', 'pydantic', 'temporalio', 'fastapi', 'psutil'}"
    program = f"import daytwo_cli.app, sys; daytwo_cli.app.build(); print({heavy} & set(sys.modules), len(sys.modules))"
    loaded, _, count = (
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
        .stdout.strip()
        .rpartition(" ")
    )
    assert loaded == "set()"
    assert int(count) < 250
