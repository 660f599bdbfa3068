"""The frozen bytes of a dispatch."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import JsonValue

from daytwo_actions.backends.base import FrozenRequest, Pinned, Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.backends.github.wire.dispatch import freeze, thaw
from daytwo_store.ids import Corr, Digest

CORR = Corr("abcdefghij234567abcd")


def pinned(*, marked: bool = True, by_name: tuple[str, ...] | None = None, **target: str) -> Pinned:
    wanted = {"project": "acme/shop", "pipeline": "deploy.yml", "ref": "main"} | target
    return Pinned(
        target=Target(**wanted),
        project_id="7",
        pipeline_id="9",
        commit="a" * 40,
        pipeline_digest=Digest("d" * 64),
        marked=marked,
        by_name=by_name,
    )


def frozen(inputs: dict[str, JsonValue], **options: Any) -> FrozenRequest:
    given: dict[str, Any] = {"max_inputs": 25, "api_version": "2022-11-28"} | options
    return freeze(given.pop("pinned", pinned()), inputs, CORR, **given)


def test_the_bytes_carry_ref_inputs_marker_and_the_wish_for_the_id() -> None:
    request = frozen({"version": "1.10", "environment": "staging"})
    assert request.body == (
        b'{"ref": "main", "inputs": {"daytwo_run": "abcdefghij234567abcd", "environment": "staging", '
        b'"version": "1.10"}, "return_run_details": true}'
    )
    assert (request.method, request.path) == ("POST", "/repos/acme/shop/actions/workflows/deploy.yml/dispatches")
    assert request.digest == hashlib.sha256(request.body).hexdigest()


def test_the_order_of_the_inputs_does_not_change_the_bytes() -> None:
    assert frozen({"a": "1", "b": "2"}).body == frozen({"b": "2", "a": "1"}).body


def test_values_travel_as_text_and_an_unanswered_one_stays_away() -> None:
    body = frozen({"yes": True, "no": False, "three": 3, "half": 0.5, "none": None, "text": "1.10", "é": "ü"}).body
    assert json.loads(body)["inputs"] == {
        "daytwo_run": CORR, "yes": "true", "no": "false", "three": "3", "half": "0.5", "text": "1.10", "é": "ü",
    }  # fmt: skip
    assert body.isascii()  # as PyGithub encodes it


def test_a_workflow_that_declares_no_marker_gets_none() -> None:
    assert json.loads(frozen({"a": "1"}, pinned=pinned(marked=False)).body)["inputs"] == {"a": "1"}


@pytest.mark.parametrize(
    ("version", "asks"), [("2022-11-28", True), (None, True), ("2026-03-10", False), ("2027-01-01", False)]
)
def test_api_versions_that_always_tell_the_id_are_not_asked_for_it(version: str | None, asks: bool) -> None:
    assert ("return_run_details" in json.loads(frozen({}, api_version=version).body)) is asks
    assert "return_run_details" not in json.loads(frozen({}, api_version=version, run_details=False).body)


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"daytwo_run": "x"}, "reserved"),
        ({"daytwo_inputs": "x"}, "reserved"),
        ({"list": ["a"]}, "a list"),
        ({"object": {"a": 1}}, "an object"),
        ({"number": float("nan")}, "not a finite number"),
        ({"number": float("inf")}, "not a finite number"),
        ({f"i{n}": "x" for n in range(25)}, "26 inputs"),
        ({"big": "x" * 65_500}, "65535"),
        ({"a": "x" * 33_000, "b": "x" * 33_000}, "65535"),
    ],
)
def test_inputs_that_github_cannot_take_are_refused_before_anything_is_sent(
    inputs: dict[str, JsonValue], says: str
) -> None:
    with pytest.raises(BackendDenied, match=says) as refused:
        frozen(inputs)
    assert "Nothing was sent" in refused.value.detail


def test_as_many_inputs_as_github_takes_are_taken_with_the_marker_among_them() -> None:
    assert len(json.loads(frozen({f"i{n}": "x" for n in range(24)}).body)["inputs"]) == 25
    with pytest.raises(BackendDenied, match="this GitHub takes 10"):
        frozen({f"i{n}": "x" for n in range(10)}, max_inputs=10)


def test_what_the_workflow_does_not_declare_goes_packed_with_its_own_types_if_it_declares_that() -> None:
    many: dict[str, JsonValue] = {f"i{n:02}": n for n in range(40)} | {
        "list": [1, {"é": None}],
        "none": None,
        "yes": True,
    }
    body = frozen(many | {"daytwo_token": "t"}, pinned=pinned(by_name=("i00", "i39", "never"))).body
    sent = json.loads(body)["inputs"]
    assert set(sent) == {"daytwo_run", "daytwo_inputs", "daytwo_token", "i00", "i39"}
    packed = {name: value for name, value in many.items() if name not in {"i00", "i39", "none"}}
    assert json.loads(sent["daytwo_inputs"]) == packed
    assert (sent["i00"], sent["i39"]) == ("0", "39")


def test_nothing_is_packed_when_every_input_has_its_name() -> None:
    assert json.loads(frozen({"a": 1, "b": None}, pinned=pinned(by_name=("a",))).body)["inputs"] == {
        "daytwo_run": CORR, "a": "1",
    }  # fmt: skip


def test_a_number_that_json_does_not_have_is_not_packed() -> None:
    with pytest.raises(BackendDenied, match="Nothing was sent"):
        frozen({"a": float("nan")}, pinned=pinned(by_name=()))


def test_too_many_inputs_are_told_how_to_be_packed() -> None:
    with pytest.raises(BackendDenied, match="declare the input 'daytwo_inputs' in the workflow"):
        frozen({f"i{n}": "x" for n in range(25)})


@pytest.mark.parametrize(
    "target",
    [
        {"project": "acme"}, {"project": "acme/shop/x"}, {"project": "../shop"}, {"project": "acme/.."},
        {"project": "acme/sh op"}, {"project": "acme/shop?x"}, {"project": "acme/shop\n"}, {"project": ""},
        {"pipeline": "deploy"}, {"pipeline": "../deploy.yml"}, {"pipeline": "a/b.yml"}, {"pipeline": "deploy.yml?x=1"},
        {"ref": ""}, {"ref": "a b"}, {"ref": "../main"}, {"ref": "main\n"}, {"ref": "-main"}, {"ref": "a" * 256},
        {"ref": "main?x"}, {"ref": "a//b"}, {"ref": "a/"}, {"ref": "a@{1}"}, {"ref": "x.lock"}, {"ref": "main^"},
    ],
)  # fmt: skip
def test_a_target_that_would_change_the_address_is_refused(target: dict[str, str]) -> None:
    with pytest.raises(BackendDenied):
        frozen({}, pinned=pinned(**target))


def test_thawing_gives_back_what_encodes_to_the_same_bytes() -> None:
    request = frozen({"a": "ü", "b": "<&>\u2028"})
    dispatch = thaw(request)
    assert dispatch.body() == request.body
    assert (dispatch.ref, dispatch.return_run_details) == ("main", True)


@pytest.mark.parametrize(
    "change",
    [
        {"body": b'{"ref": "other", "inputs": {}}'},
        {"digest": Digest("0" * 64)},
        {"path": "/repos/acme/shop/actions/workflows/destroy.yml/dispatches"},
        {"method": "PUT"},
    ],
)
def test_a_request_that_was_changed_after_freezing_does_not_thaw(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"frozen|does not go where"):
        thaw(replace(frozen({}), **change))


def test_bytes_in_another_form_do_not_thaw_even_with_their_own_digest() -> None:
    body = b'{"ref":"main","inputs":{}}'
    with pytest.raises(ValueError, match="not in the form"):
        thaw(replace(frozen({}), body=body, digest=Digest(hashlib.sha256(body).hexdigest())))
