"""Case S17: workflow files that put an input into a program are flagged; those that hand it over as data are not."""

import pytest

from daytwo_actions.backends.github.wire.inputs import read_workflow
from daytwo_actions.backends.pipelines import Severity

HEAD = """\
on:
  workflow_dispatch:
    inputs:
      version: {type: string}
      place: {type: choice, options: [staging, production]}
      shape: {type: choice, options: [round, "$(id)"]}
      dry: {type: boolean}
      count: {type: number}
env:
  FROM_ABOVE: ${{ inputs.version }}
  PLACE: ${{ inputs.place }}
jobs:
  ship:
    strategy: {matrix: {one: ["${{ inputs.version }}", x], two: [a, b]}}
    steps:
"""  # 15 lines

TWINS = {
    "a line": (
        '      - run: ./deploy "${{ inputs.version }}"\n',
        '      - run: ./deploy "$VERSION"\n        env: {VERSION: "${{ inputs.version }}"}\n',
        16,
    ),
    "a block, by the event": (
        "      - run: |\n          set -e\n\n          ./deploy ${{ github.event.inputs.version }}\n",
        (
            '      - run: |\n          set -e\n\n          ./deploy "$VERSION"\n'
            "        env: {VERSION: '${{ github.event.inputs.version }}'}\n"
        ),
        19,
    ),
    "github-script": (
        (
            "      - uses: actions/github-script@v7\n        with:\n          script: |\n"
            "            core.info(`${{ inputs.version }}`)\n"
        ),
        (
            "      - uses: actions/github-script@v7\n        env: {VERSION: '${{ inputs.version }}'}\n        with:\n"
            "          script: |\n            core.info(process.env.VERSION)\n"
        ),
        19,
    ),
    "through the environment, but filled in": (
        "      - run: ./deploy ${{ env.FROM_ABOVE }}\n",
        '      - run: ./deploy "$FROM_ABOVE"\n',
        16,
    ),
    "by subscript and function, folded": (
        "      - run: >-\n          ./deploy\n          ${{ format('v{0}', inputs['version']) }}\n",
        "      - run: >-\n          ./deploy\n          ${{ inputs['version'] == 'x' && '--all' || '' }}\n",
        18,
    ),
    "all of them": (
        "      - run: echo '${{ toJSON(github.event.inputs) }}' | jq .\n",
        "      - run: echo \"$INPUTS\" | jq .\n        env: {INPUTS: '${{ toJSON(github.event.inputs) }}'}\n",
        16,
    ),
}


def flagged(steps: str) -> list[tuple[int | None, str]]:
    found = read_workflow((HEAD + steps).encode(), "deploy.yml")
    assert not [one for one in found.remarks if one.severity is Severity.ERROR]
    return [(one.line, one.message) for one in found.remarks if one.code == "input-in-script"]


@pytest.mark.parametrize("case", TWINS)
def test_the_unsafe_one_is_flagged_at_its_line_and_its_safe_twin_is_not(case: str) -> None:
    unsafe, safe, line = TWINS[case]
    ((found, message),) = flagged(unsafe)
    assert found == line
    assert "env: {" in message
    assert flagged(safe) == []


@pytest.mark.parametrize(
    "expression",
    [
        "inputs.version", "INPUTS.Version", "inputs.version || 'x'", "inputs.dry && inputs.version", "inputs.count",
        "inputs.shape", "github['event'].inputs.version", "toJSON(inputs)", "inputs.*", "toJSON(github.event)",
        "toJSON(github)", "join(inputs.*, ' ')", "matrix.one", "env.FROM_ABOVE", "inputs.unknown",
        "inputs.version == 'a' && 'b' || inputs.version", "case(inputs.version)", " " * 3000 + "inputs.version",
    ],
)  # fmt: skip
def test_what_may_be_anything_is_flagged(expression: str) -> None:
    assert len(flagged(f"      - run: x ${{{{ {expression} }}}}\n")) == 1


@pytest.mark.parametrize(
    "expression",
    [
        "inputs.dry", "inputs.place", "github.event.inputs.place", "inputs.version == 'a'", "!inputs.version",
        "inputs.version && '--v' || ''", "contains(inputs.version, 'x')", "github.sha", "github.event_name",
        "steps.inputs.outputs.x", "my.inputs.version", "matrix.two", "env.PLACE", "'inputs.version'", "secrets.INPUTS",
        "github.run_id", "inputs.place != inputs.version", "startsWith(inputs.version, 'v') && 'a' || 'b'",
    ],
)  # fmt: skip
def test_what_can_only_be_a_word_is_not(expression: str) -> None:
    assert flagged(f"      - run: x ${{{{ {expression} }}}}\n") == []


def test_what_is_not_a_program_is_not() -> None:
    steps = (
        "      - name: ${{ inputs.version }}\n        if: ${{ inputs.version }}\n        uses: a/b@v1\n"
        "        with: {version: '${{ inputs.version }}'}\n"
    )
    assert flagged(steps) == []


def test_one_in_quotes_with_escapes_and_one_without_an_end() -> None:
    ((line, _),) = flagged('      - run: "x \\u0024{{ inputs.version }}"\n')
    assert line == 16
    assert flagged("      - run: x ${{ inputs.version\n") == []


def test_a_file_full_of_openings_takes_no_time() -> None:
    assert flagged("      - run: '" + "${{ " * 50_000 + "'\n") == []
    assert len(flagged("      - run: '" + "${{ inputs.version }}" * 9_000 + "'\n")) == 1
    many = "".join(f"      - run: x{n} ${{{{ inputs.version }}}}\n" for n in range(300))
    assert len(flagged(many)) == 100
