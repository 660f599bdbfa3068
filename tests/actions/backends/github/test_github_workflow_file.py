"""What a dispatch has to know about a workflow file."""

import pytest

from daytwo_actions.backends.github.wire.workflow_file import Facts, read_facts

GOOD = """
name: Deploy
run-name: Deploy ${{ inputs.version }} [${{ inputs.daytwo_run }}]
on:
  push:
  workflow_dispatch:
    inputs:
      version: {type: string, required: true}
      daytwo_run: {type: string, default: ""}
jobs: {}
"""


def is_marked(content: bytes) -> bool:
    return read_facts(content).marked


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("${{ inputs.daytwo_run }}", "${{inputs.daytwo_run}}"),
        GOOD.replace("${{ inputs.daytwo_run }}", "${{ github.event.inputs.daytwo_run }}"),
        GOOD.replace("on:", "'on':"),
        GOOD.replace('daytwo_run: {type: string, default: ""}', "daytwo_run:"),
    ],
)
def test_marked(text: str) -> None:
    assert is_marked(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "on: workflow_dispatch", "on: [workflow_dispatch]", "run-name: x",
        GOOD.replace("run-name:", "x-name:"),
        GOOD.replace("${{ inputs.daytwo_run }}", "inputs.daytwo_run"),
        GOOD.replace("${{ inputs.daytwo_run }}", "${{ inputs.other && inputs.daytwo_run }}"),
        GOOD.replace("${{ inputs.daytwo_run }}", "${{ inputs.daytwo_run2 }}"),
        GOOD.replace("      daytwo_run:", "      daytwo_ran:"),
        GOOD.replace("workflow_dispatch:", "workflow_call:"),
        GOOD + "\n  - [broken",
        "run-name: [a]\n" + GOOD.replace("run-name", "x"),
        GOOD + " " * 300_000,
    ],
)  # fmt: skip
def test_not_marked(text: str) -> None:
    assert not is_marked(text.encode())


@pytest.mark.parametrize(
    ("used", "loose"),
    [
        ("acme/ci/.github/workflows/deploy.yml@main", "deploy.yml of acme/ci at main"),
        ("acme/tools@v1", "the action acme/tools at v1"),
        ("acme/tools/claim@refs/heads/x", "the action acme/tools/claim at refs/heads/x"),
        ("docker://alpine:3", "the image alpine:3"),
        (f"docker://alpine@sha256:{'a' * 64}", None),
        (f"acme/ci/.github/workflows/deploy.yml@{'a' * 40}", None),
        ("actions/checkout@v4", None),
        ("./.github/workflows/other.yml", None),
        ("./actions/claim", None),
        ("nonsense", None),
    ],
)
def test_what_its_commit_does_not_hold_still_is_named(used: str, loose: str | None) -> None:
    jobs = f"jobs: {{a: {{uses: '{used}'}}, b: {{steps: [{{uses: '{used}'}}, {{run: make}}]}}}}"
    assert read_facts(GOOD.replace("jobs: {}", jobs).encode()).loose == ((loose,) if loose else ())


@pytest.mark.parametrize("text", ["[" * 200_000, "{a: " * 50_000, "- " * 50_000, "? " * 50_000])
def test_a_file_that_would_end_the_process_by_its_depth_is_only_not_marked(text: str) -> None:
    assert not is_marked(text.encode())


def test_bytes_that_are_no_text_are_not_marked() -> None:
    assert not is_marked(b"\xff\xfe\x00")
    assert not is_marked(GOOD.encode() + b"\x00")


def test_aliases_do_not_multiply() -> None:
    bomb = "a: &a [x]\n" + "".join(f"k{n}: &k{n} [{', '.join(['*a'] * 9)}]\n" for n in range(200))
    assert not is_marked(bomb.encode())


def test_what_is_declared_by_name_is_known_only_where_the_rest_may_come_packed() -> None:
    assert read_facts(GOOD.encode()) == Facts(marked=True)
    packs = GOOD.replace("      daytwo_run:", "      daytwo_inputs:\n      daytwo_run:")
    assert read_facts(packs.encode()).by_name == ("version",)


def test_a_claim_in_each_job_is_a_fence() -> None:
    claims = GOOD.replace("jobs: {}", "jobs: {ship: {steps: [{uses: acme/daytwo/claim@v1}, {run: make}]}}")
    assert read_facts(claims.encode()).fenced
    assert not read_facts(claims.replace("{ship:", "{more: {needs: ship, steps: [{run: make}]}, ship:").encode()).fenced
