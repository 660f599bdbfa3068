"""What became of a pipeline's creation: algorithm A1, "Classification", status by status."""

import json
from pathlib import Path
from typing import Any

import pytest

from daytwo_actions.backends.base import Accepted, Ambiguous, Refused
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.gitlab.wire.answer import message
from daytwo_actions.backends.gitlab.wire.outcome import GITLAB, classify
from daytwo_actions.backends.wire.answer import Answer, Silence

SAMPLES = Path(__file__).parent / "samples"
NOT_EXECUTED = {400, 401, 403, 404, 405, 410, 413, 415, 422, 429}


def answer(status: int, body: object = None, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Answer(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=raw)


def created(**change: Any) -> dict[str, Any]:
    pipeline: dict[str, Any] = json.loads((SAMPLES / "pipeline.retry.json").read_text())["value"]
    return pipeline | change


def test_the_documented_answer_is_accepted() -> None:
    assert classify(answer(201, created()), project_id="1") == Accepted(
        id="46", url="https://example.com/foo/bar/pipelines/46"
    )
    assert classify(answer(201, created(web_url="javascript:alert(1)")), project_id="1") == Accepted(id="46", url=None)


@pytest.mark.parametrize("status", [code for code in range(200, 600) if code != 201])
def test_every_other_status_says_not_done_or_is_in_doubt(status: int) -> None:
    outcome = classify(answer(status, {"message": "Some words"}), project_id="1")
    assert isinstance(outcome, Refused if status in NOT_EXECUTED else Ambiguous)
    assert str(status) in outcome.detail
    assert "Some words" in outcome.detail


@pytest.mark.parametrize(
    "body",
    [
        None, b"<html>ok</html>", b'{"id": 46', b"[]", b"null", b"\xff\xfe", created(id="46"), created(id=0),
        created(id=-1), created(id=True), created(id=4.6), created(id=None), created(project_id=None), {"id": 46},
        created(project_id="1"), created(project_id=2),
    ],
)  # fmt: skip
def test_a_201_that_is_not_the_documented_one_is_in_doubt(body: object) -> None:
    assert isinstance(classify(answer(201, body), project_id="1"), Ambiguous)


def test_silence_is_certain_only_before_the_first_byte() -> None:
    assert isinstance(classify(Silence(sent=True, reason="x"), project_id="1"), Ambiguous)
    assert classify(Silence(sent=False, reason="x"), project_id="1") == Refused(
        detail="The dispatch was not sent: x.", retry_after=5.0
    )


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (answer(429, None, retry_after="30"), 30.0),
        (
            answer(429, None, retry_after="Thu, 01 Jan 2026 12:00:42 GMT", date="Thu, 01 Jan 2026 12:00:00 GMT"),
            42.0,
        ),
        (answer(429), 60.0),
        (
            answer(
                429, None, ratelimit_remaining="0", ratelimit_reset="1767225690", date="Thu, 01 Jan 2026 00:00:00 GMT"
            ),
            91.0,
        ),
        (answer(400, {"message": {"base": ["Too many pipelines created in the last minute. Try again later."]}}), 60.0),
    ],
)
def test_not_so_fast_is_a_refusal_with_a_time(told: Answer, seconds: float) -> None:
    outcome = classify(told, project_id="1")
    assert isinstance(outcome, Refused)
    assert outcome.retry_after == seconds


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "404 Project Not Found"}, "404 Project Not Found"),
        ({"message": {"base": ["Reference not found", "Really"]}}, "Reference not found; Really"),
        ({"message": {"ref": ["is missing"]}}, "ref is missing"),
        ({"message": ["a", "b"]}, "a; b"),
        ({"error": "invalid_token", "error_description": "Token was revoked."}, "invalid_token; Token was revoked."),
        ({"message": "two\r\nlines\x00"}, "two lines"),
        ({"message": {"base": {"deep": 1}}}, "no explanation that could be read"),
        (b"<html>", "no explanation that could be read"),
        (b"[" * 100_000, "no explanation that could be read"),
    ],
)
def test_its_explanations_are_one_printable_line(body: object, words: str) -> None:
    assert message(answer(400, body)) == f"400: {words}"
    assert len(message(answer(400, {"message": "x" * 100_000}))) < 400
    assert message(answer(500, body, x_request_id="01H\r\n")).endswith("(GitLab's request id 01H)")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_read_that_may_work_later_is_unreachable(status: int) -> None:
    assert isinstance(GITLAB.failure(answer(status), "the pipeline"), BackendUnreachable)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 409, 410])
def test_a_read_that_will_not_work_is_denied_and_says_what_to_do(status: int) -> None:
    error = GITLAB.failure(answer(status), "the pipeline 17 of acme/shop")
    assert isinstance(error, BackendDenied)
    assert "the pipeline 17 of acme/shop" in error.detail
