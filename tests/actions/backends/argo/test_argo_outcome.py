"""What an answer means: only what says "not done" counts as not done."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.actions.backends.argo.test_argo_creation import CORR, MARKER, created, frozen, sent

from daytwo_actions.backends.argo.wire import outcome
from daytwo_actions.backends.argo.wire.names import TemplateName
from daytwo_actions.backends.argo.wire.outcome import ARGO
from daytwo_actions.backends.argo.wire.stream import Lines, StreamFault, hint, log_line
from daytwo_actions.backends.argo.wire.templates import Template, digest_of, needed_by
from daytwo_actions.backends.base import Accepted, Ambiguous, Marker, Refused, Sent
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.wire.answer import Answer, Silence
from daytwo_store.ids import ExternalRunId

PAGE = "https://argo.example.com"


def classify(result: Answer | Silence) -> Sent:
    request = frozen()
    label = sent(request)["workflow"]["metadata"]["labels"]["daytwo.io/body"]
    return outcome.classify(result, Marker(corr=CORR, pinned=request.pinned), label, page=PAGE)


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def whole(**metadata: Any) -> dict[str, Any]:
    document: dict[str, Any] = sent(frozen())["workflow"]
    document["metadata"] |= {"uid": "u-1", "creationTimestamp": "2026-03-01T10:00:00Z"} | metadata
    return document


def test_created() -> None:
    assert classify(answer(200, whole())) == Accepted(
        id=ExternalRunId("dt-abcdefghij234567abcd:u-1"),
        url=f"{PAGE}/workflows/shop/dt-abcdefghij234567abcd",
        proven=True,
    )


def test_error_bodies_of_the_vendor(sample: Callable[[str], bytes]) -> None:
    cases = json.loads(sample("errors.json"))["cases"]
    assert len(cases) == 7
    for case in cases:
        result = answer(case["http"], case["body"])
        assert case["body"]["message"][:40].split("\n")[0] in outcome.words(result)
        if case["http"] == 409:
            assert outcome.is_taken(result)
        elif case["http"] == 500:
            assert isinstance(classify(result), Ambiguous)
        else:
            refused = classify(result)
            assert isinstance(refused, Refused), case
            assert (refused.retry_after is not None) == (case["http"] == 401), "a renewed token is waited for"
            assert "Nothing was started" in refused.detail


@pytest.mark.parametrize(
    "result",
    [
        answer(500, {"code": 13, "message": "etcdserver: request timed out"}),
        answer(502, b"<html>bad gateway</html>"),
        answer(503),
        answer(504),
        answer(408),
        answer(302, b"", location="https://evil.example.com/"),
        answer(201, whole()),
        answer(204, b""),
        answer(200, b""),
        answer(200, b"<!doctype html><title>Sign in</title>"),
        answer(200, json.dumps(whole()).encode()[:-5]),
        answer(200, [whole()]),
        answer(200, whole(uid="")),
        answer(200, whole(uid=17)),
        answer(200, whole(name="another")),
        answer(200, whole(labels={})),
        Silence(sent=True, reason="the connection was reset"),
    ],
)
def test_in_doubt(result: Answer | Silence) -> None:
    found = classify(result)
    assert isinstance(found, Ambiguous)
    assert not found.hold
    assert "is not known" in found.detail


def test_not_sent_and_not_so_fast() -> None:
    assert classify(Silence(sent=False, reason="refused", again=5.0)) == Refused(
        detail="The dispatch was not sent: refused.", retry_after=5.0
    )
    limited = classify(answer(429, {"code": 8, "message": "too many"}, retry_after="7"))
    assert isinstance(limited, Refused)
    assert limited.retry_after == 7.0


@pytest.mark.parametrize("zone", ["GMT", "UTC"])  # Go's own name for it is the second
def test_a_moment_to_wait_for_is_by_the_servers_clock(zone: str) -> None:
    told = {"date": "Thu, 01 Jan 2026 12:00:00 GMT", "retry_after": f"Thu, 01 Jan 2026 12:00:42 {zone}"}
    limited = classify(answer(429, {"code": 8, "message": "too many"}, **told))
    assert isinstance(limited, Refused)
    assert limited.retry_after == 42.0
    over = classify(answer(429, None, **told | {"date": "Thu, 01 Jan 2026 12:00:43 GMT"}))
    assert isinstance(over, Refused)
    assert over.retry_after == 1.0
    assert ARGO.wait(answer(429, None, retry_after=told["retry_after"])) == 60.0, "without its clock it names no time"
    assert ARGO.wait(answer(429, None, **told | {"retry_after": "soon"})) == 60.0


@pytest.mark.parametrize("spelling", ["x-ratelimit-", "x-rate-limit-"])
def test_what_is_left_is_read_in_both_spellings(spelling: str) -> None:
    told = ARGO.limits_told(answer(200, {}, **{f"{spelling}limit": "1000", f"{spelling}remaining": "0"}))
    assert told == {"limit": 1000, "remaining": 0, "resets_in": None}
    assert ARGO.limits_told(answer(200, {})) == {"limit": None, "remaining": None, "resets_in": None}


def test_a_taken_name_is_ours_or_a_case_for_a_person() -> None:
    request = frozen()
    label = sent(request)["workflow"]["metadata"]["labels"]["daytwo.io/body"]
    ours = outcome.adopted(created(request), MARKER, label, creator=None, page=PAGE)
    assert isinstance(ours, Accepted)
    assert ours.id == "dt-abcdefghij234567abcd:u-1"
    theirs = outcome.adopted(created(request, labels={}), MARKER, label, creator=None, page=PAGE)
    assert isinstance(theirs, Ambiguous)
    assert theirs.hold
    assert "it does not carry the marker" in theirs.detail
    other = outcome.adopted(created(frozen({"version": "2"})), MARKER, label, creator=None, page=PAGE)
    assert isinstance(other, Ambiguous)
    assert other.hold


def test_reads_that_fail_say_for_how_long() -> None:
    assert isinstance(ARGO.failure(answer(403, {"message": "forbidden"}), "it"), BackendDenied)
    assert isinstance(ARGO.failure(answer(503), "it"), BackendUnreachable)
    assert isinstance(ARGO.failure(answer(302), "it"), BackendDenied)
    text = ARGO.failure(answer(401, {"message": "token not valid\r\nX: y"}), "it").detail
    assert "\n" not in text
    assert "put a new token into its file" in text


# --- streams ---------------------------------------------------------------------------------------------------------


def lines_of(body: bytes, size: int) -> list[bytes]:
    lines = Lines()
    found = [line for start in range(0, len(body), size) for line in lines.feed(body[start : start + size])]
    return [*found, lines.end()]


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_logs_of_the_vendor(sample: Callable[[str], bytes], size: int) -> None:
    log = b"".join(log_line(line) for line in lines_of(sample("log.json-lines.txt"), size))
    assert log.decode() == 'hello\n\ndone: "ok" ✓\n'


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_events_of_the_vendor(sample: Callable[[str], bytes], size: int) -> None:
    told = [one for line in lines_of(sample("workflow-events.sse.txt"), size) if (one := hint(line))]
    uid = "6522aff1-1e01-11ea-b443-42010aa80075"
    assert [(one.event, one.final) for one in told] == [
        ("workflow.created", False),
        ("workflow.running", False),
        ("workflow.succeeded", True),
    ]
    assert {(one.project_id, one.run) for one in told} == {("argo", f"req-1:{uid}")}
    assert len({one.delivery for one in told}) == 3


@pytest.mark.parametrize(
    ("line", "said", "status"),
    [
        (
            b'{"error":{"grpc_code":5,"http_code":404,"message":"pod\\r\\ngone","http_status":"Not Found"}}',
            "pod gone",
            404,
        ),
        (b'{"error":{}}', "without an explanation", 0),
        (b"<html>", "not JSON", 0),
        (b'{"result":{"content":17}}', "not JSON as documented", 0),
        (b'{"result":{"content":"half', "not JSON", 0),
    ],
)
def test_faults_in_the_stream(line: bytes, said: str, status: int) -> None:
    for read in (log_line, lambda text: hint(b"data: " + text)):
        with pytest.raises(StreamFault) as fault:
            read(line.replace(b'{"content"', b'{"type":1,"content"') if b"content" in line else line)
        assert said in fault.value.detail
        assert fault.value.status == status


def test_a_line_that_does_not_end_is_not_kept_for_ever() -> None:
    lines = Lines()

    def feed() -> None:
        for _ in range(100):
            list(lines.feed(b"x" * 1_000_000))

    with pytest.raises(StreamFault, match="more than"):
        feed()


def test_what_keeps_the_line_alive_tells_nothing() -> None:
    for line in (b"", b":", b": ping", b"event: x", b'data: {"result":{}}', b"data: {}"):
        assert hint(line) is None
    assert log_line(b"{}") == b""
    deleted = hint(b'data: {"result":{"type":"DELETED","object":{"metadata":{"name":"a"},"status":{"phase":"New"}}}}')
    assert deleted is not None
    assert (deleted.event, deleted.final) == ("workflow.deleted", False)


# --- templates -------------------------------------------------------------------------------------------------------


def test_a_template_of_the_vendor(sample: Callable[[str], bytes]) -> None:
    found = Template.model_validate_json(sample("workflowtemplate.json"))
    assert needed_by(found.spec) == []
    name = TemplateName("workflow-template-whalesay-template", cluster=False)
    before = digest_of([(name, found)])
    changed = Template.model_validate_json(sample("workflowtemplate.json").replace(b"cowsay", b"rm"))
    again = Template.model_validate_json(
        sample("workflowtemplate.json").replace(b'"metadata": {', b'"metadata": {"uid": "2",', 1)
    )
    assert len({before, digest_of([(name, changed)]), digest_of([(name, again)])}) == 3


def test_templates_that_a_template_uses() -> None:
    spec: Any = {
        "templates": [
            {"steps": [[{"templateRef": {"name": "lib", "template": "x"}}, {"templateRef": {"name": "lib"}}]]},
            {"dag": {"tasks": [{"templateRef": {"name": "shared", "clusterScope": True}}]}},
            {"steps": [[{"templateRef": {"name": "{{inputs.parameters.which}}"}}, {"templateRef": "odd"}]]},
        ],
        "workflowTemplateRef": {"name": "base"},
    }
    assert [one.title for one in needed_by(spec)] == ["base", "cluster/shared", "lib"]
    deep: Any = {}
    for _ in range(500):
        deep = {"a": [deep]}
    assert needed_by(deep) == []
