"""What became of a send: algorithm A1, "Classification", status by status."""

import json
from pathlib import Path

import pytest

from daytwo_actions.backends.base import Accepted, Ambiguous, Refused
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.github.wire.answer import message
from daytwo_actions.backends.github.wire.outcome import GITHUB, classify, wants_no_details
from daytwo_actions.backends.wire.answer import Answer, Silence, next_page, server_time
from daytwo_actions.backends.wire.outcome import web_link

SAMPLES = Path(__file__).parent / "samples"
NOT_EXECUTED = {400, 401, 403, 404, 405, 410, 413, 415, 422, 429}


def answer(status: int, body: object = None, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Answer(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=raw)


def details(**change: object) -> dict[str, object]:
    url = "https://api.github.com/repos/acme/shop/actions/runs/17"
    return {"workflow_run_id": 17, "run_url": url, "html_url": "https://github.com/acme/shop/actions/runs/17"} | change


def test_the_documented_answer_is_accepted() -> None:
    sample = json.loads((SAMPLES / "workflow-dispatch-response.json").read_text())
    sample["run_url"] = f"https://api.github.com/repos/o/r/actions/runs/{sample['workflow_run_id']}"
    assert classify(answer(200, sample)) == Accepted(id=str(sample["workflow_run_id"]), url=sample["html_url"])


def test_204_is_accepted_without_an_id() -> None:
    assert classify(answer(204)) == Accepted(id=None, url=None)


@pytest.mark.parametrize("status", [code for code in range(201, 600) if code != 204])
def test_every_other_status_says_not_done_or_is_in_doubt(status: int) -> None:
    outcome = classify(answer(status, {"message": "Some words"}))
    assert isinstance(outcome, Refused if status in NOT_EXECUTED else Ambiguous)
    assert str(status) in outcome.detail
    assert "Some words" in outcome.detail


@pytest.mark.parametrize("status", [200])
@pytest.mark.parametrize(
    "body",
    [
        None, b"<html>ok</html>", b'{"workflow_run_id": 17', b"[]", b"null", b"\xff\xfe", details(workflow_run_id="17"),
        details(workflow_run_id=0), details(workflow_run_id=-1), details(workflow_run_id=True),
        details(workflow_run_id=17.5), details(workflow_run_id=None), details(run_url=None),
        details(run_url="https://api.github.com/repos/acme/shop/actions/runs/18"), {"workflow_run_id": 17},
    ],
)  # fmt: skip
def test_a_2xx_that_is_not_the_documented_one_is_in_doubt(status: int, body: object) -> None:
    assert isinstance(classify(answer(status, body)), Ambiguous)


def test_a_link_that_a_page_must_not_have_is_left_out() -> None:
    assert classify(answer(200, details(html_url="javascript:alert(1)"))) == Accepted(id="17", url=None)
    assert web_link("data:text/html,x") is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "Thu, 01 Jan 2026 12:00:42 GMT", "date": "Thu, 01 Jan 2026 12:00:00 GMT"}, 42.0),
        ({"retry_after": "0"}, 1.0),
        (
            {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1767225690", "date": "Thu, 01 Jan 2026 00:00:00 GMT"},
            91.0,
        ),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1767225690"}, 60.0),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "later", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 60.0),
    ],
)
@pytest.mark.parametrize("status", [403, 429])
def test_a_rate_limit_waits_as_long_as_it_is_asked_to(status: int, headers: dict[str, str], seconds: float) -> None:
    outcome = classify(answer(status, {"message": "no"}, **headers))
    assert isinstance(outcome, Refused)
    assert outcome.retry_after == seconds


@pytest.mark.parametrize(
    "words",
    [
        "API rate limit exceeded for user 1.",
        "You have exceeded a secondary rate limit. Wait.",
        "abuse detection mechanism",
    ],
)
def test_a_403_about_the_rate_limit_is_known_by_its_words_too(words: str) -> None:
    outcome = classify(answer(403, {"message": words}))
    assert isinstance(outcome, Refused)
    assert outcome.retry_after == 60.0


def test_a_429_without_any_header_waits_a_minute_and_a_plain_403_is_final() -> None:
    slow, forbidden = classify(answer(429)), classify(answer(403, {"message": "Resource not accessible"}))
    assert isinstance(slow, Refused)
    assert isinstance(forbidden, Refused)
    assert (slow.retry_after, forbidden.retry_after) == (60.0, None)
    assert "Actions: write" in forbidden.detail


def test_silence_before_the_first_byte_is_refused_and_after_it_in_doubt() -> None:
    before = classify(Silence(sent=False, reason="the connection was refused"))
    after = classify(Silence(sent=True, reason="the connection was reset"))
    assert before == Refused(detail="The dispatch was not sent: the connection was refused.", retry_after=5.0)
    assert isinstance(after, Ambiguous)
    assert "not sent again" in after.detail


def test_a_redirection_is_in_doubt_and_says_that_it_was_not_followed() -> None:
    outcome = classify(answer(307, None, location="https://elsewhere.example"))
    assert isinstance(outcome, Ambiguous)
    assert "not followed" in outcome.detail
    assert "elsewhere" not in outcome.detail


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_does_not_know_the_flag_is_recognised(status: int) -> None:
    told = {"message": 'Invalid request.\n\n"return_run_details" is not a permitted key.'}
    assert wants_no_details(answer(status, told))
    assert not wants_no_details(answer(status, {"message": "Unexpected inputs provided"}))
    assert not wants_no_details(answer(500, told))
    assert not wants_no_details(Silence(sent=True, reason="return_run_details"))


def test_words_of_the_vendor_are_one_short_printable_line() -> None:
    long = answer(422, {"message": "a\nb\x1b[31m" + "x" * 1000}, x_github_request_id="ABC:1")
    assert message(long) == "422: a b [31m" + "x" * 292 + " (GitHub's request id ABC:1)"
    assert message(answer(502, b"<html>")) == "502: no explanation that could be read"
    assert message(answer(502, b"[" * 100_000)) == "502: no explanation that could be read"
    assert message(answer(502, ["message"])) == "502: no explanation that could be read"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 202])
def test_a_read_that_may_work_later_is_unreachable(status: int) -> None:
    assert isinstance(GITHUB.failure(answer(status), "the run"), BackendUnreachable)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 409, 410, 422, 451])
def test_a_read_that_will_not_work_is_denied_and_says_what_to_do(status: int) -> None:
    error = GITHUB.failure(answer(status), "the run 17 of acme/shop")
    assert isinstance(error, BackendDenied)
    assert "the run 17 of acme/shop" in error.detail


def test_the_wait_of_a_limited_read_is_handed_on() -> None:
    error = GITHUB.failure(answer(403, None, retry_after="30"), "the run")
    assert isinstance(error, BackendUnreachable)
    assert error.retry_after == 30.0


def test_headers_of_paging_and_time() -> None:
    link = '<https://api.github.com/x?per_page=100&page=2>; rel="next", <https://api.github.com/x?page=9>; rel="last"'
    assert next_page(answer(200, None, link=link)) == "2"
    assert next_page(answer(200, None, link='<https://api.github.com/x?page=1>; rel="prev"')) is None
    assert next_page(answer(200)) is None
    moment = server_time(answer(200, None, date="Thu, 01 Jan 2026 00:00:00 GMT"))
    assert moment is not None
    assert moment.isoformat() == "2026-01-01T00:00:00+00:00"
    assert server_time(answer(200, None, date="yesterday")) is None
    assert GITHUB.wait(answer(429, None, retry_after="Thu, 01 Jan 2026 00:00:00 GMT")) == 60.0
