"""A GitLab pipeline's own inputs, read from its file, and the programs that it puts them into."""

from dataclasses import replace

import pytest

from daytwo_actions.backends.gitlab.wire.inputs import declared_in, read_pipeline
from daytwo_actions.backends.pipelines import InputType, PipelineInput, PipelineInputs, Severity

ALL = """\
spec:
  inputs:
    version: { description: A tag, regex: /^v\\d+$/ }
    place:
      options: [staging, production]
      default: staging
    dry: { type: boolean, default: yes }
    count: { type: number, default: 3 }
    size: { type: number, options: [1, 2] }
    hosts: { type: array, default: [a, b] }
    plain:
    empty: { default: null }
    ruled:
      rules:
        - if: $[[ inputs.place ]] == 'staging'
          options: [small]
          default: small
        - options: [small, large]
          default: large
    daytwo_run: { default: "" }
---
workflow:
  name: "Deploy $[[ inputs.version ]] [$[[ inputs.daytwo_run ]]]"
stages: [ship]
ship:
  variables: { VERSION: { value: "$[[ inputs.version ]]", expand: false } }
  script:
    - ./deploy "$VERSION" $[[ inputs.place ]]
    - !reference [.more, script]
"""
HEAD = "spec:\n  inputs:\n    version:\n    place: { options: [a, b] }\n---\n"  # 5 lines


def read(text: str | bytes) -> PipelineInputs:
    return read_pipeline(text if isinstance(text, bytes) else text.encode())


def codes(found: PipelineInputs, severity: Severity) -> list[tuple[str, int | None]]:
    return [(one.code, one.line) for one in found.remarks if one.severity is severity]


def test_every_type_is_read_with_its_line() -> None:
    found = read(ALL)
    expected = [
        PipelineInput(
            name="version", type=InputType.STRING, required=True, description="A tag", pattern=r"^v\d+$", line=3
        ),
        PipelineInput(
            name="place", type=InputType.CHOICE, required=False, default="staging", options=("staging", "production"),
            line=4,
        ),
        PipelineInput(name="dry", type=InputType.BOOLEAN, required=False, default=True, line=7),
        PipelineInput(name="count", type=InputType.NUMBER, required=False, default=3, line=8),
        PipelineInput(name="size", type=InputType.CHOICE, required=True, options=(1, 2), line=9),
        PipelineInput(name="hosts", type=InputType.ARRAY, required=False, default=["a", "b"], line=10),
        PipelineInput(name="plain", type=InputType.STRING, required=True, line=11),
        PipelineInput(name="empty", type=InputType.STRING, required=False, line=12),
        PipelineInput(
            name="ruled", type=InputType.CHOICE, required=False, default="large", options=("small", "large"), line=13
        ),
    ]  # fmt: skip
    assert [replace(one, refusing=None) for one in found.inputs] == expected
    refusing = [one.name for one in found.inputs if one.refusing is not None]
    assert refusing == ["version", "hosts", "plain", "empty"], "what can be any text"
    assert (found.marked, found.fenced, found.others, found.packs) == (True, False, False, False)
    assert codes(found, Severity.WARNING) == codes(found, Severity.ERROR) == []


def test_without_a_header_variables_with_a_description_are_asked_for() -> None:
    text = (
        "variables:\n  INNER: x\n  VERSION: { description: A tag }\n"
        "  PLACE: { value: a, options: [a, b], description: Where }\n"
        'workflow: { name: "x ${DAYTWO_RUN}" }\njob: { script: make }\n'
    )
    found = read(text)
    assert list(found.inputs) == [
        PipelineInput(name="VERSION", type=InputType.STRING, required=False, description="A tag", line=3),
        PipelineInput(
            name="PLACE", type=InputType.CHOICE, required=False, default="a", description="Where", options=("a", "b"),
            line=4,
        ),
    ]  # fmt: skip
    assert (found.marked, found.others) == (True, True)
    assert not read(text.replace("DAYTWO_RUN", "DAYTWO_RUNS")).marked


@pytest.mark.parametrize(
    "text", [ALL.replace("    daytwo_run:", "    other:"), ALL.replace("inputs.daytwo_run", "inputs.plain"), HEAD]
)
def test_one_without_the_marker_is_told_what_to_add(text: str) -> None:
    found = read(text)
    assert not found.marked
    (said,) = [one.message for one in found.remarks if one.code == "no-marker"]
    assert '[$[[ inputs.daytwo_run ]]]"` under `workflow:`' in said


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [", 2), ("", None), ("- a", None), (b"\xff\xfe", None), ("[" * 100_000, None), (" " * 300_000, None)],
)  # fmt: skip
def test_what_cannot_be_read_is_one_remark(text: str | bytes, line: int | None) -> None:
    assert codes(read(text), Severity.ERROR) == [("unreadable", line)]


@pytest.mark.parametrize("facts", ["{type: secret}", "{options: [a], default: b}"])
def test_an_input_that_gitlab_refuses_is_told(facts: str) -> None:
    found = read(f"spec:\n  inputs:\n    a: {facts}\n---\njob: {{script: x}}\n")
    assert codes(found, Severity.ERROR) == [("input-type", 3)]


def test_what_stands_elsewhere_is_said_not_to_be_looked_at() -> None:
    found = read("spec: { include: [{local: i.yml}], inputs: {a: }}\n---\ninclude: [{local: b.yml}]\n")
    assert [one.code for one in found.remarks if one.severity is Severity.NOTE] == [
        "elsewhere",
        "no-fence",
        "elsewhere",
    ]


ASK = "'curl -sf $DAYTWO/api/v1/ci/claim'"
JOB = f"ship: {{ script: [{ASK}, ./ship.sh] }}\n"


@pytest.mark.parametrize(
    ("config", "fenced"),
    [
        (JOB, 1),
        (f"default: {{ before_script: [{ASK}] }}\nship: {{ script: ./ship.sh }}\ntest: {{ script: [make] }}\n", 1),
        (f"before_script: {ASK}\nship: {{ script: ./ship.sh }}\n", 1),
        (f"ship: {{ before_script: [set -e, cd work, {ASK}], script: ./ship.sh }}\n", 1),
        (f"ship: {{ before_script: [apk add --no-cache bash curl, {ASK}], script: ./ship.sh }}\n", 1),
        (f"ship: {{ before_script: [set -e], script: [{ASK}, ./ship.sh] }}\n", 1),
        (f"claim: {{ stage: .pre, script: [{ASK}] }}\nship: {{ script: ./ship.sh, needs: [claim] }}\n", 0),
        (f"default: {{ before_script: [{ASK}] }}\nship: {{ before_script: [make], script: ./ship.sh }}\n", 0),
        (f"default: {{ before_script: [{ASK}] }}\nship: {{ inherit: {{ default: false }}, script: ./ship.sh }}\n", 0),
        (f".ask: {{ before_script: [{ASK}] }}\nship: {{ extends: .ask, script: ./ship.sh }}\n", 1),
        (f".ask: {{ before_script: [{ASK}] }}\nship: {{ extends: [.ask, .other], script: ./ship.sh }}\n", 0),
        (f".ask: {{ before_script: [{ASK}] }}\n.b: {{ extends: .ask }}\nship: {{ extends: .b, script: x }}\n", 1),
        (f".ask: {{ before_script: [{ASK}] }}\nship: {{ extends: .ask, before_script: [make], script: x }}\n", 0),
        (".a: { extends: .b }\n.b: { extends: .a }\nship: { extends: .a, script: x }\n", 0),
        (".only: { script: x }\n", 0),
        (JOB + "work: { script: [make] }\n", 0),
        (JOB + "work: { trigger: { include: child.yml } }\n", 0),
        (JOB + "workflow: { rules: [{ when: always }] }\n", 1),
        (JOB + ".hidden: { script: make }\n", 1),
        (JOB + "include: [{ local: more.yml }]\n", 0),
        (JOB + "include: more.yml\n", 0),
        (JOB + "default: { before_script: [./deploy.sh] }\n", 0),
        (JOB + "default: { after_script: [./deploy.sh] }\n", 0),
        (JOB + f"default: {{ after_script: [{ASK}, ./deploy.sh] }}\n", 1),
        (JOB + "default: { hooks: { pre_get_sources_script: [./deploy.sh] } }\n", 0),
        (JOB.replace("{ script", "{ hooks: { pre_get_sources_script: [./x] }, script"), 0),
        (JOB.replace("{ script", "{ after_script: [./x], script"), 0),
        (JOB.replace("{ script", "{ run: [{ name: x, script: ./x }], script"), 0),
        (JOB.replace("{ script", "{ allow_failure: true, when: always, needs: [], script"), 1),
    ],
)
def test_a_pipeline_is_fenced_when_each_job_asks_itself(config: str, fenced: int) -> None:
    assert read(HEAD + config).fenced is bool(fenced)


@pytest.mark.parametrize(
    "script",
    [
        f"[./deploy.sh, {ASK}]",
        '"./deploy.sh\\ncurl -sf $DAYTWO/api/v1/ci/claim"',
        "['echo no daytwo-claim yet', ./deploy.sh]",
        f"[!reference [.deploy, script], {ASK}]",
    ],
)
def test_a_claim_that_comes_after_work_is_no_fence(script: str) -> None:
    assert read(HEAD + f"claim: {{ script: {script} }}\n").fenced is False


@pytest.mark.parametrize(
    ("more", "fenced"),
    [
        ("", 1),
        ("test: { script: [make] }\n", 0),
        (".daytwo-claim: { before_script: ['true'] }\n", 0),
        ("default: { before_script: [./deploy.sh] }\n", 1),
        ("after_script: [./deploy.sh]\n", 0),
    ],
)
def test_a_job_that_extends_the_component_asks(more: str, fenced: int) -> None:
    component = "include: [{component: gitlab.example/acme/daytwo/daytwo-claim@1}]\n"
    ship = "ship: { extends: .daytwo-claim, script: ./ship.sh }\n"
    assert read(HEAD + component + ship + more).fenced is bool(fenced)
    assert not read(HEAD + ship + more).fenced, "it is not there"
    assert not read(HEAD + component + ship.replace("script", "before_script: [make], script") + more).fenced
    assert not read(HEAD + component.replace("@1}", "@1, rules: [{if: $X}]}") + ship + more).fenced
    report = component.replace("}]", "}, {component: gitlab.example/acme/daytwo/daytwo-report@1}]")
    assert read(HEAD + report + ship + more).fenced is bool(fenced)


# Unsafe, its safe twin, and the line of the unsafe one.
TWINS = {
    "a line": (
        'ship:\n  script:\n    - ./deploy "$[[ inputs.version ]]"\n',
        'ship:\n  variables: {V: {value: "$[[ inputs.version ]]", expand: false}}\n  script:\n    - ./deploy "$V"\n',
        8,
    ),
    "a block": (
        "ship:\n  script:\n    - |\n      set -e\n\n      ./deploy $[[ inputs.version ]]\n",
        "ship:\n  script:\n    - |\n      set -e\n\n      ./deploy $[[ inputs.place ]]\n",
        11,
    ),
    "before all jobs": (
        "default:\n  before_script: echo $[[ inputs.version | truncate(0,8) ]]\n",
        "default:\n  before_script: echo $[[ inputs.version | posix_escape ]]\n",
        7,
    ),
    "after": (
        "after_script: [a, [b, 'c $[[inputs.version]]']]\n",
        "after_script: [a, [b, 'c $inputs.version']]\n",
        6,
    ),
    "a hidden job by its anchor": (
        ".base: &base\n  script: ['x $[[ inputs.version ]]']\nship: { <<: *base }\n",
        ".base: &base\n  script: ['x']\nship: { <<: *base, name: $[[ inputs.version ]] }\n",
        7,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TWINS)
def test_the_unsafe_one_is_flagged_at_its_line_and_its_safe_twin_is_not(case: str) -> None:
    unsafe, safe, line = TWINS[case]
    assert ("input-in-script", line) in codes(read(HEAD + unsafe), Severity.WARNING)
    assert "input-in-script" not in [one.code for one in read(HEAD + safe).remarks]
    (told,) = [one.message for one in read(HEAD + unsafe).remarks if one.code == "input-in-script"]
    assert "expand: false" in told


DECIDING = {
    "a condition of a job": (
        "ship:\n  rules:\n    - if: '\"$[[ inputs.version ]]\" == \"1\"'\n  script: [make]\n",
        "ship:\n  variables: {V: $[[ inputs.version ]]}\n  rules:\n    - if: $V == \"1\"\n  script: [make]\n",
        8,
    ),
    "a condition of the pipeline": (
        "workflow:\n  rules: [{if: '$[[ inputs.version ]] == \"1\"'}]\n",
        "workflow:\n  rules: [{if: '$[[ inputs.place ]] == \"1\"'}]\n",
        7,
    ),
    "a file": (
        "include: [{local: 'ci/$[[ inputs.version ]].yml'}]\n",
        "include: [{local: ci/ship.yml, inputs: {version: $[[ inputs.version ]]}}]\n",
        6,
    ),
    "another pipeline": (
        "ship:\n  trigger: {project: 'acme/$[[ inputs.version ]]'}\n",
        "ship:\n  trigger: {project: 'acme/$[[ inputs.place ]]'}\n",
        7,
    ),
    "old conditions": (
        "ship:\n  only: {variables: ['$[[ inputs.version ]] == \"1\"']}\n  script: [make]\n",
        "ship:\n  only: {variables: ['$VERSION == \"1\"']}\n  script: [make]\n",
        7,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DECIDING)
def test_an_input_that_decides_is_flagged_at_its_line_and_its_safe_twin_is_not(case: str) -> None:
    unsafe, safe, line = DECIDING[case]
    assert ("input-decides", line) in codes(read(HEAD + unsafe), Severity.WARNING)
    assert "input-decides" not in [one.code for one in read(HEAD + safe).remarks]


BOUNDED = (
    r"^\d+\.\d+\.\d+$",
    "^([0-9]+[.][0-9]+)?$",
    r"^v?[0-9]{1,3}(-(alpha|beta))?$",
    r"\A[a-z][a-z0-9_-]*\z",
    "/^[A-Za-z0-9._-]+$/",
    "^(staging|production)$",
)
UNBOUNDED = (
    ".*",
    "^[0-9]+",
    "[0-9]+$",
    "^a$|b",
    "^a|b$",
    "^.+$",
    "^[^;]+$",
    r"^\S+$",
    r"^[\w ]+$",
    "^[!-~]+$",
    "^[0-z]+$",
    "^[,-z]+$",
    r"^a\$",
    "^(a$",
    "^a)b($",
    "^(?i)a$",
    "^$(id)$",
    "^a;b$",
    "^[a`]$",
    "^(?=.*)x$",
)


@pytest.mark.parametrize("regex", BOUNDED)
def test_an_input_that_a_regex_bounds_may_stand_in_a_script(regex: str) -> None:
    head = HEAD.replace("version:\n", f"version: {{regex: '{regex}'}}\n", 1)
    assert head != HEAD
    assert "input-in-script" not in [
        one.code for one in read(head + "ship: {script: ['x $[[ inputs.version ]]']}\n").remarks
    ]


@pytest.mark.parametrize("regex", UNBOUNDED)
def test_a_regex_that_lets_more_through_bounds_nothing(regex: str) -> None:
    head = HEAD.replace("version:\n", f"version: {{regex: '{regex}'}}\n", 1)
    assert "input-in-script" in [
        one.code for one in read(head + "ship: {script: ['x $[[ inputs.version ]]']}\n").remarks
    ]


def test_variables_that_are_described_are_asked_for_beside_inputs() -> None:
    file = "spec:\n  inputs: {version: }\n---\nvariables:\n  NOTES: {description: long text, value: ''}\n  OTHER: x\n"
    read = read_pipeline(file.encode())
    assert [(one.name, one.required) for one in read.inputs] == [("version", True), ("NOTES", False)]
    assert declared_in(file.encode()) == ("version",)


def test_a_file_that_declares_more_inputs_than_gitlab_takes() -> None:
    declares = "spec:\n  inputs:\n" + "".join(f"    n{number}: {{ default: x }}\n" for number in range(21)) + "---\n"
    (remark,) = [one for one in read(declares + JOB).remarks if one.code == "too-many-inputs"]
    assert (remark.line, "declares 21 inputs, and GitLab takes 20" in remark.message) == (23, True)
    fewer = read(declares.replace("    n20: { default: x }\n", "") + JOB)
    assert "too-many-inputs" not in [one.code for one in fewer.remarks]
