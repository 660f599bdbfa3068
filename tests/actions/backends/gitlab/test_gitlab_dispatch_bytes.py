"""The frozen bytes of a pipeline's creation, and what they make of what somebody typed."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import JsonValue

from daytwo_actions.backends.base import FrozenRequest, Pinned, Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.gitlab.wire.dispatch import freeze, thaw
from daytwo_actions.backends.gitlab.wire.inputs import declared_in
from daytwo_store.ids import Corr, Digest

CORR = Corr("abcdefghij234567abcd")


def pinned(*declared: str) -> Pinned:
    return Pinned(
        target=Target(project="acme/shop", pipeline="", ref="main"),
        project_id="7",
        pipeline_id=".gitlab-ci.yml",
        commit="a" * 40,
        pipeline_digest=Digest("d" * 64),
        marked=True,
        declared=declared,
    )


def frozen(inputs: dict[str, JsonValue], *declared: str, triggered: bool = False) -> FrozenRequest:
    return freeze(pinned(*declared), inputs, CORR, triggered=triggered)


def sent(inputs: dict[str, JsonValue], *declared: str) -> Any:
    return json.loads(frozen(inputs, *declared).body)


def test_what_is_declared_goes_as_a_typed_input_and_the_rest_as_a_variable() -> None:
    given: dict[str, JsonValue] = {"version": "1.10", "count": 3, "dry": True, "hosts": ["a", "b"], "none": None}
    assert sent(given | {"REASON": "x"}, "version", "count", "dry", "hosts", "daytwo_run") == {
        "ref": "main",
        "variables": [{"key": "REASON", "value": "x"}],
        "inputs": {"count": 3, "daytwo_run": CORR, "dry": True, "hosts": ["a", "b"], "version": "1.10"},
    }
    assert sent({"version": "1.10", "count": 3, "dry": True, "none": None}) == {
        "ref": "main",
        "variables": [
            {"key": "DAYTWO_RUN", "value": CORR},
            {"key": "count", "value": "3"},
            {"key": "dry", "value": "true"},
            {"key": "version", "value": "1.10"},
        ],
    }


def test_where_inputs_stand_in_another_file_everything_is_one() -> None:
    file = b"spec:\n  include: [{local: inputs.yml}]\n---\njob: {script: [x]}\n"
    assert declared_in(file) == ("*",)
    assert sent({"version": "1"}, *declared_in(file)) == {
        "ref": "main",
        "variables": [{"key": "DAYTWO_RUN", "value": CORR}],
        "inputs": {"version": "1"},
    }


@pytest.mark.parametrize(
    ("file", "names"),
    [
        (
            b"spec:\n  inputs:\n    version:\n    daytwo_run: {default: ''}\n---\njob: {script: [x]}\n",
            ("daytwo_run", "version"),
        ),
        (b"job: {script: [x]}\n", ()),
        (b"\xff\xfe", ()),
        (b"[" * 5_000, ()),
    ],
)
def test_declared_names_are_read_from_the_header(file: bytes, names: tuple[str, ...]) -> None:
    assert declared_in(file) == names


@pytest.mark.parametrize("value", ["$HOME", "${HOME}", "$$", "a$b$$c", "%PATH%", "${{ x }}", "$[[ inputs.y ]]"])
def test_a_dollar_in_a_variable_is_one_and_no_name(value: str) -> None:
    variables = {one["key"]: one["value"] for one in sent({"text": value})["variables"]}
    assert variables["text"] == value.replace("$", "$$")
    # What GitLab and its runner make of it: "$$" is "$", and a single one begins a name.
    assert variables["text"].replace("$$", "\0").find("$") == -1
    if value[0] != "%" and not {"[", "{"} & set(value):
        assert sent({"text": value}, "text")["inputs"]["text"] == value


def test_text_arrives_as_it_was_typed() -> None:
    text = "line\r\n'quoted' \"twice\" \\ \t ünï 💥 `id` " + "x" * 60_000
    assert {"key": "text", "value": text} in sent({"text": text})["variables"]


@pytest.mark.parametrize(
    ("inputs", "declared", "said"),
    [
        ({"text": "x" * 1024}, ("text",), "less than 1024"),
        ({"list": ["ü" * 600]}, ("list",), "less than 1024"),
        ({"text": "x" * 140_000}, (), "holds 131000"),
        ({"list": [1]}, (), "is a list"),
        ({"object": {}}, (), "is an object"),
        ({"a-b": "x"}, (), "cannot be the name"),
        ({"1a": "x"}, (), "cannot be the name"),
        ({"a\nb": "x"}, (), "cannot be the name"),
        ({"": "x"}, (), "cannot be the name"),
        ({"text": "a\x00b"}, (), "null character"),
        ({"daytwo_run": "x"}, (), "reserved"),
        ({"DAYTWO_RUN": "x"}, ("daytwo_run",), "reserved"),
        ({"number": float("inf")}, ("number",), "not finite"),
        ({"number": float("nan")}, (), "not a finite number"),
    ],
)
def test_what_gitlab_cannot_take_is_said_before_anything_is_sent(
    inputs: dict[str, JsonValue], declared: tuple[str, ...], said: str
) -> None:
    with pytest.raises(BackendDenied, match="Nothing was sent") as denied:
        frozen(inputs, *declared)
    assert said in denied.value.detail


MORE_THAN_TEXT = {
    "a line": "x\nscript: [evil]",
    "a line end": "x\n",
    "a carriage return": "x\rscript: evil",
    "a line of Unicode": "x\u2028y",
    "a next line": "x\x85y",
    "a tabulator": "x\ty",
    "null": "x\x00y",
    "a double quote": 'x" , script: "evil',
    "a quote": "don't",
    "a backslash": "x\\",
    "a key": "script: evil",
    "a key at the end": "script:",
    "a comment": "x # y",
    "a comment at once": "#x",
    "a list": "[evil]",
    "an object": "{script}",
    "an entry": "- evil",
    "an alias": "*evil",
    "an anchor": "&evil",
    "a tag": "!reference evil",
    "a block": "|",
    "another input": "$[[ inputs.secret ]]",
}


@pytest.mark.parametrize("name", MORE_THAN_TEXT)
def test_a_text_that_could_be_more_in_the_file_goes_as_a_variable_alone(name: str) -> None:
    text = MORE_THAN_TEXT[name]
    for value in (text, ["x", text]):
        with pytest.raises(BackendDenied, match=r"out of `spec:inputs`.*variable") as denied:
            frozen({"text": value}, "text", "daytwo_run")
        assert "Nothing was sent" in denied.value.detail
    if "\x00" not in text:
        variables = {one["key"]: one["value"] for one in sent({"text": text})["variables"]}
        assert variables["text"] == text.replace("$", "$$")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.10",
        "v1.2.3-rc.1+5",
        "please deploy, it is late (really)",
        "https://x.example/a?b=c#d",
        "12:30",
        "-5",
        "ünï 💥",
        "a@b",
    ],
)
def test_plain_text_is_a_declared_input_as_it_was_typed(text: str) -> None:
    assert sent({"text": text}, "text", "daytwo_run")["inputs"] == {"text": text, "daytwo_run": CORR}


@pytest.mark.parametrize("triggered", [False, True])
@pytest.mark.parametrize("declared", [(), ("version", "daytwo_run")])
def test_it_is_thawed_to_the_same_bytes_and_nothing_else_is(triggered: bool, declared: tuple[str, ...]) -> None:
    request = frozen({"version": "1.10"}, *declared, triggered=triggered)
    dispatch = thaw(request)
    assert (dispatch.body(), dispatch.triggered) == (request.body, triggered)
    assert hashlib.sha256(request.body).hexdigest() == request.digest
    other = request.body.replace(b"1.10", b"1.11")
    spaced = json.dumps(json.loads(request.body), indent=1).encode()
    for wrong in (
        replace(request, body=other),
        replace(request, path="/projects/8/pipeline"),
        replace(request, method="PUT"),
        replace(request, body=spaced, digest=Digest(hashlib.sha256(spaced).hexdigest())),
    ):
        with pytest.raises(ValueError, match=r"^its? "):
            thaw(wrong)


def test_a_trigger_token_is_in_what_leaves_and_not_in_what_is_kept() -> None:
    request = frozen({"version": "1.10"}, triggered=True)
    assert request.path == "/projects/7/trigger/pipeline"
    assert b"token" not in request.body
    assert json.loads(thaw(request).body("glptt-1")) == json.loads(request.body) | {"token": "glptt-1"}


def test_more_inputs_than_gitlab_takes_are_refused_and_variables_are_not_counted() -> None:
    names = [f"n{number}" for number in range(19)]
    fits = sent(dict.fromkeys(names, "x") | {f"V{number}": "x" for number in range(30)}, *names, "daytwo_run")
    assert (len(fits["inputs"]), len(fits["variables"])) == (20, 30)
    with pytest.raises(BackendDenied, match="gives 21 inputs, the marker among them, and GitLab takes 20"):
        sent(dict.fromkeys([*names, "more"], "x"), *names, "more", "daytwo_run")
