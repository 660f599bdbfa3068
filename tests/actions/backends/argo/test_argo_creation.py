"""The frozen bytes: values arrive as they were typed or are refused, and nothing else is in them."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import JsonValue

from daytwo_actions import run_token
from daytwo_actions.backends.argo.wire import creation
from daytwo_actions.backends.argo.wire.creator import creator_of
from daytwo_actions.backends.argo.wire.objects import Workflow
from daytwo_actions.backends.base import FrozenRequest, Marker, Pinned, Target
from daytwo_actions.backends.failures import BackendDenied
from daytwo_store.ids import Corr, Digest

CORR = Corr("abcdefghij234567abcd")


def pinned(**change: Any) -> Pinned:
    target = Target(**{"project": "shop", "pipeline": "deploy", "ref": ""} | change)
    return Pinned(
        target=target,
        project_id="shop",
        pipeline_id="uid-1",
        commit="generation 3",
        pipeline_digest=Digest("d" * 64),
        marked=True,
    )


def frozen(inputs: Mapping[str, JsonValue] | None = None, **change: Any) -> FrozenRequest:
    return creation.freeze(pinned(**change), inputs or {"version": "1.10"}, CORR)


def sent(request: FrozenRequest) -> Any:
    return json.loads(request.body)


def given(request: FrozenRequest) -> dict[str, str]:
    return {one["name"]: one["value"] for one in sent(request)["workflow"]["spec"]["arguments"]["parameters"]}


def created(request: FrozenRequest, **metadata: Any) -> Workflow:
    """What a server shows of it."""
    document = sent(request)["workflow"]
    document["metadata"] |= {"uid": "u-1", "creationTimestamp": "2026-03-01T10:00:00Z"} | metadata
    return Workflow.model_validate(document, strict=False)


def test_name_labels_template_and_parameters_and_nothing_else() -> None:
    request = frozen()
    assert (request.method, request.path) == ("POST", "/api/v1/workflows/shop")
    assert request.digest == hashlib.sha256(request.body).hexdigest()
    document = sent(request)
    label = document["workflow"]["metadata"]["labels"].pop("daytwo.io/body")
    assert len(label) == 63
    assert document == {
        "namespace": "shop",
        "workflow": {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {
                "name": "dt-abcdefghij234567abcd",
                "namespace": "shop",
                "labels": {"daytwo.io/run": CORR},
            },
            "spec": {
                "workflowTemplateRef": {"name": "deploy"},
                "arguments": {
                    "parameters": [{"name": "daytwo_run", "value": CORR}, {"name": "version", "value": "1.10"}]
                },
            },
        },
    }


def test_a_template_of_the_cluster() -> None:
    assert sent(frozen(pipeline="cluster/deploy"))["workflow"]["spec"]["workflowTemplateRef"] == {
        "name": "deploy",
        "clusterScope": True,
    }


@pytest.mark.parametrize(
    "text",
    [
        "line one\nline two\r\n\tthree",
        "\"double\" 'single' `back` \\ / $HOME $(id) ; & |",
        "${{ github.token }}".replace("{{", "{ {"),
        "{ single } braces }} and % signs",
        '{"a":{"b":[1,2,{"c":"d"}]}}',
        "a=b,c=d",
        "  spaces  ",
        "",
        "ä 漢字 🚀 \u200b \u00a0",
        "x" * 60_000,
        "\U0001f1e9\U0001f1ea" * 15_000,
    ],
)
def test_what_somebody_typed_goes_as_it_was_typed(text: str) -> None:
    assert given(frozen({"note": text}))["note"] == text


def test_numbers_and_truth_are_text_and_null_is_left_out() -> None:
    assert given(frozen({"n": 3, "f": 1.5, "t": True, "f2": False, "none": None})) == {
        "n": "3", "f": "1.5", "t": "true", "f2": "false", "daytwo_run": CORR,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("${{ inputs.x }}", "beginning of a variable"),
        ("{{workflow.parameters.other}}", "beginning of a variable"),
        ("{{=sprig.env('TOKEN')}}", "beginning of a variable"),
        ("half {", "ends with {"),
        ("nul \x00", "control characters"),
        ("bell \x07", "control characters"),
        ("del \x7f", "control characters"),
        ("half a pair \ud800", "half a pair"),
        ("tag \U000e0001", "invisible or unknown"),
        (["a"], "is a list"),
        ({"a": 1}, "is an object"),
        (float("inf"), "not a finite number"),
        ("x" * 262_145, "has 262145 bytes|have 262145 bytes"),
    ],
)
def test_what_argo_could_not_hand_over_is_refused_before_anything_is_sent(value: Any, said: str) -> None:
    with pytest.raises(BackendDenied, match=said) as refused:
        frozen({"note": value})
    assert "Nothing was sent" in refused.value.detail
    assert "other}}" not in refused.value.detail


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a}}", "ä", "x" * 129])
def test_what_cannot_be_the_name_of_a_parameter(name: str) -> None:
    with pytest.raises(BackendDenied, match="cannot be the name of a parameter"):
        frozen({name: "x"})


def test_nobody_sets_the_marker() -> None:
    with pytest.raises(BackendDenied, match="reserved for the marker"):
        frozen({"daytwo_run": "forged"})


def test_bytes_that_were_touched_are_not_sent() -> None:
    request = frozen()
    creation.check(request)
    for touched in (
        replace(request, body=request.body.replace(b"1.10", b"1.11")),
        replace(request, path="/api/v1/workflows/other"),
        replace(request, method="PUT"),
        resealed(request, b'"name":"deploy"', b'"name":"other"'),
        resealed(request, b'"arguments":', b'"serviceAccountName":"admin","arguments":'),
        resealed(request, CORR.encode(), b"bbbbbbbbbbbbbbbbbbbb"),
    ):
        with pytest.raises((ValueError, KeyError, TypeError)):
            creation.check(touched)


def resealed(request: FrozenRequest, old: bytes, new: bytes) -> FrozenRequest:
    body = request.body.replace(old, new)
    assert body != request.body
    return replace(request, body=body, digest=creation.digest_of(body))


def test_the_token_of_an_attempt_takes_its_place_as_the_bytes_leave() -> None:
    token = run_token.run_token(b"k" * 32, "argo", CORR)
    planned = frozen({"version": "1.10", run_token.RESERVED: run_token.commitment(token)})
    body = run_token.filled(planned.body, token)
    filled = replace(planned, body=body, digest=creation.digest_of(body))
    creation.check(filled)
    assert given(filled)[run_token.RESERVED] == token
    assert creation.body_label(filled) == creation.body_label(planned)
    assert creation.misfits(created(filled), MARKER, label=creation.body_label(planned)) == []


MARKER = Marker(corr=CORR, pinned=pinned())


def test_ours_is_recognised() -> None:
    request = frozen()
    assert creation.misfits(created(request), MARKER) == []
    assert creation.misfits(created(request), MARKER, label=creation.body_label(request)) == []


def test_somebody_elses_is_not() -> None:
    request = frozen()
    other = frozen({"version": "6.6.6"})
    label = creation.body_label(request)
    assert creation.misfits(created(request), replace(MARKER, corr=Corr("b" * 20)))
    assert creation.misfits(created(request), Marker(corr=CORR, pinned=pinned(pipeline="cluster/deploy")))
    assert creation.misfits(created(request), Marker(corr=CORR, pinned=pinned(project="other")))
    assert creation.misfits(created(other), MARKER) == []  # in itself it fits …
    assert creation.misfits(created(other), MARKER, label=label) == ["it was asked for something else"]
    assert creation.misfits(created(request, labels={"daytwo.io/run": CORR}), MARKER)
    forged = created(other, labels={"daytwo.io/run": CORR, "daytwo.io/body": label})
    assert creation.misfits(forged, MARKER, label=label) == ["its parameters are not those that it was labelled for"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("podSpecPatch", "hostNetwork: true"),
        ("serviceAccountName", "admin"),
        ("entrypoint", "other"),
        ("onExit", "other"),
        ("hooks", {"exit": {"template": "other"}}),
        ("templates", [{"name": "other"}]),
        ("activeDeadlineSeconds", 1),
        ("podGC", {"strategy": "OnPodCompletion"}),
    ],
)
def test_one_with_more_in_it_than_was_sent_is_not_ours(key: str, value: JsonValue) -> None:
    request = frozen()
    document = sent(request)["workflow"]
    document["spec"][key] = value
    document["metadata"] |= {"uid": "u-1", "creationTimestamp": "2026-03-01T10:00:00Z"}
    found = Workflow.model_validate(document, strict=False)
    assert creation.misfits(found, MARKER) == [f"it has more in it than was sent ({key})"]
    assert creation.is_answer(found, MARKER, creation.body_label(request)), "our own creation, as the cluster made it"


def test_arguments_that_come_from_elsewhere_are_not_ours() -> None:
    document = sent(frozen())["workflow"]
    arguments = document["spec"]["arguments"]
    arguments["artifacts"] = [{"name": "source", "raw": {"data": "x"}}]
    arguments["parameters"][1]["valueFrom"] = {"configMapKeyRef": {"name": "x", "key": "y"}}
    found = Workflow.model_validate(document, strict=False)
    assert creation.misfits(found, MARKER) == [
        "it has more in it than was sent (arguments.artifacts, arguments.parameters)"
    ]


def test_a_parameter_that_is_given_twice_is_not_ours() -> None:
    document = sent(frozen())["workflow"]
    document["spec"]["arguments"]["parameters"].insert(0, {"name": "version", "value": "6.6.6"})
    found = Workflow.model_validate(document, strict=False)
    assert creation.misfits(found, MARKER) == ["it has more in it than was sent (arguments.parameters)"]


def test_what_argo_itself_writes_into_a_workflow_makes_it_no_other() -> None:
    document = sent(frozen())["workflow"]
    document["spec"] |= {"suspend": True, "shutdown": "Stop", "entrypoint": "", "templates": None, "volumes": []}
    document["metadata"]["labels"] |= {"workflows.argoproj.io/phase": "Running"}
    document["metadata"]["annotations"] = {"workflows.argoproj.io/pod-name-format": "v2"}
    document["status"] = {"phase": "Running", "storedWorkflowTemplateSpec": {"entrypoint": "main", "podGC": {}}}
    assert creation.misfits(Workflow.model_validate(document, strict=False), MARKER) == []


def token_of(subject: str) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": subject}).encode()).decode().rstrip("=")
    return f"e30.{claims}.c2ln"


def test_one_that_another_account_has_created_is_not_ours() -> None:
    creator = creator_of(token_of("system:serviceaccount:daytwo:daytwo"))
    assert creator == "system-serviceaccount-daytwo-daytwo"
    label = "workflows.argoproj.io/creator"
    labels = sent(frozen())["workflow"]["metadata"]["labels"]
    ours = created(frozen(), labels=labels | {label: creator})
    theirs = created(frozen(), labels=labels | {label: "system-serviceaccount-shop-mallory"})
    assert creation.misfits(ours, MARKER, creator=creator) == []
    assert creation.misfits(theirs, MARKER, creator=creator) == ["somebody else has created it"]
    assert creation.misfits(theirs, MARKER, creator=None) == [], "a token that does not say whose it is"
    assert creation.misfits(created(frozen()), MARKER, creator=creator) == [], "a server that writes no label"


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "e30.e30.c2ln", "e30.W10.c2ln", "v2:a.b.c.d.e"])
def test_a_token_that_does_not_say_whose_it_is(token: str) -> None:
    assert creator_of(token) is None


def test_a_long_name_keeps_its_end_as_argo_writes_it() -> None:
    creator = creator_of(token_of(f"system:serviceaccount:{'n' * 60}:daytwo"))
    assert creator == f"{'n' * 56}-daytwo"


def test_what_was_there_before_is_not_ours() -> None:
    at_ten = created(frozen())
    assert creation.began_after(at_ten, datetime(2026, 3, 1, 10, 0, 0, 900_000, tzinfo=UTC))
    assert not creation.began_after(at_ten, datetime(2026, 3, 1, 10, 0, 1, tzinfo=UTC))
