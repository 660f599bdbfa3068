"""What GitHub refuses is refused, with its status and its words, and starts nothing."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from daytwo_standins.github.testing import RunningStandin

Dispatch = Callable[..., int]
BUILD = "/repos/acme/shop/actions/workflows/build.yml/dispatches"
GOOD = {"version": "1.1.0"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"inputs": GOOD}, '"ref" wasn\'t supplied'),
        ({"ref": "nothing", "inputs": GOOD}, "No ref found for: nothing"),
        ({"ref": "../../../etc/passwd", "inputs": GOOD}, "No ref found for"),
        ({"ref": "--help", "inputs": GOOD}, "No ref found for: --help"),
        ({"ref": "main", "inputs": GOOD, "wait": True}, '"wait" is not a permitted key'),
        ({"ref": "main", "inputs": {}}, "Required input 'version' not provided"),
        ({"ref": "main", "inputs": {"version": ""}}, "Required input 'version' not provided"),
        ({"ref": "main", "inputs": {**GOOD, "verzion": "1"}}, 'Unexpected inputs provided: ["verzion"]'),
        ({"ref": "main", "inputs": {**GOOD, "mode": "Fast"}}, "'Fast' for input 'mode' not in the list"),
        ({"ref": "main", "inputs": {**GOOD, "dry": "yes"}}, "'yes' for input 'dry' is not a boolean"),
        ({"ref": "main", "inputs": {**GOOD, "count": "three"}}, "'three' for input 'count' is not a number"),
        ({"ref": "main", "inputs": {**GOOD, "count": "nan"}}, "'nan' for input 'count' is not a number"),
        ({"ref": "main", "inputs": {**GOOD, "where": "moon"}}, "'moon' for input 'where' is not an environment"),
        ({"ref": "main", "inputs": {"version": ["1"]}}, "'version' has to be a string"),
        ({"ref": "main", "inputs": ["version"]}, "is not an object"),
        ({"ref": "main", "inputs": GOOD, "return_run_details": "yes"}, "is not a boolean"),
        ({"ref": "main", "inputs": {str(n): "x" for n in range(26)}}, "No more than 25 properties"),
        ({"ref": "main", "inputs": {"version": "x" * 65_535}}, "at most 65535 characters"),
    ],
)
def test_a_bad_dispatch_is_422_and_starts_nothing(
    standin: RunningStandin, api: httpx.Client, body: dict[str, Any], message: str
) -> None:
    before = standin.control.ledger()
    answer = api.post(BUILD, json=body)
    assert (answer.status_code, answer.json()["status"]) == (422, "422")
    assert message in answer.json()["message"]
    assert "documentation_url" in answer.json()
    assert standin.control.ledger() == before


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_what_is_no_json_object_is_400(api: httpx.Client, raw: bytes) -> None:
    assert api.post(BUILD, content=raw).status_code == 400


def test_a_ref_without_the_trigger_is_422(api: httpx.Client) -> None:
    answer = api.post("/repos/acme/shop/actions/workflows/pushed.yml/dispatches", json={"ref": "main"})
    assert (answer.status_code, answer.json()["message"]) == (
        422,
        "Workflow does not have 'workflow_dispatch' trigger",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/repos/acme/shop/actions/workflows/none.yml/dispatches",
        "/repos/acme/shop/actions/workflows/99/dispatches",
        "/repos/acme/other/actions/workflows/build.yml/dispatches",
        "/repos/acme/shop/actions/runs/1/cancel",
        "/repos/acme/shop/actions/runs/99999999999999999999999/cancel",
        "/nothing/at/all",
    ],
)
def test_what_is_not_there_is_404(api: httpx.Client, path: str) -> None:
    answer = api.post(path, json={"ref": "main"}) if path.endswith("dispatches") else api.post(path)
    assert (answer.status_code, answer.json()["message"]) == (404, "Not Found")


@pytest.mark.parametrize(
    ("header", "status", "message"),
    [
        (None, 401, "Requires authentication"),
        ("Bearer wrong", 401, "Bad credentials"),
        ("Basic wrong", 401, "Bad credentials"),
        ("Bearer", 401, "Requires authentication"),
        ("token standin-token-of-the-reader", 403, "Resource not accessible by personal access token"),
        ("token standin-token-of-somebody-with-one-repository", 404, "Not Found"),
    ],
)
def test_who_may_not(standin: RunningStandin, web: httpx.Client, header: str | None, status: int, message: str) -> None:
    headers = {"authorization": header} if header else {}
    before = standin.control.ledger()
    answer = web.post(standin.url + BUILD, json={"ref": "main", "inputs": GOOD}, headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert standin.control.ledger() == before


def test_a_reader_reads(standin: RunningStandin, web: httpx.Client) -> None:
    headers = {"authorization": "token standin-token-of-the-reader"}
    answer = web.get(f"{standin.url}/repos/acme/shop", headers=headers)
    assert answer.json()["full_name"] == "acme/shop"


def test_defaults_are_filled_in(standin: RunningStandin, dispatch: Dispatch) -> None:
    run_id = dispatch("build.yml", repository="acme/instant", version="1.1.0", dry=True, count=4.5, where="moon")
    (line,) = (line for line in standin.control.ledger() if line["run_id"] == run_id)
    assert line["inputs"] == {
        "version": "1.1.0",
        "mode": "fast",
        "dry": "true",
        "count": "4.5",
        "where": "moon",  # acme/instant declares no environments, so any name will do
        "daytwo_run": "",
    }


def test_a_tag_can_be_dispatched_but_not_a_commit(
    standin: RunningStandin, api: httpx.Client, shop_commits: list[str]
) -> None:
    path = "/repos/acme/instant/actions/workflows/build.yml/dispatches"
    details = {"return_run_details": True, "inputs": GOOD}
    answer = api.post(path, json={"ref": "1.0.0", **details})
    run = api.get(f"/repos/acme/instant/actions/runs/{answer.json()['workflow_run_id']}").json()
    assert (run["head_sha"], run["head_branch"]) == (shop_commits[0], "1.0.0")
    assert api.post(path, json={"ref": "refs/tags/1.1.0", **details}).status_code == 200
    assert api.post(path, json={"ref": shop_commits[0], **details}).status_code == 422


def test_the_newest_version_of_the_api_always_gives_details(api: httpx.Client) -> None:
    path = "/repos/acme/instant/actions/workflows/plain.yml/dispatches"
    assert api.post(path, json={"ref": "main"}, headers={"x-github-api-version": "2022-11-28"}).status_code == 204
    assert api.post(path, json={"ref": "main"}, headers={"x-github-api-version": "2026-03-10"}).status_code == 200
    assert api.post(path, json={"ref": "main"}, headers={"x-github-api-version": "2021-01-01"}).status_code == 400


def test_an_unchanged_answer_is_304_and_free(api: httpx.Client) -> None:
    first = api.get("/repos/acme/shop/branches")
    tag = first.headers["etag"]
    second = api.get("/repos/acme/shop/branches", headers={"if-none-match": tag})
    assert (second.status_code, second.content, second.headers["etag"]) == (304, b"", tag)
    assert second.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"]
    other = api.get("/repos/acme/shop/branches", headers={"if-none-match": '"other"'})
    assert other.status_code == 200
    assert int(other.headers["x-ratelimit-used"]) == int(first.headers["x-ratelimit-used"]) + 1
    assert len(other.headers["x-github-request-id"]) == 16
