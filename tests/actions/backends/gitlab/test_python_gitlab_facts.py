"""What python-gitlab does by itself: the reasons for `pygitlab.py`, noticed here should a new version change them."""

from typing import Any

import gitlab
import pytest
from gitlab.exceptions import GitlabError

PATH = "/api/v4/projects/7/pipeline"


def posts(server: Any, token: str, **options: Any) -> int:
    """How often one creation of a pipeline is sent."""
    client = gitlab.Gitlab(server.url, private_token=token, **options)
    with client, pytest.raises(GitlabError):
        client.projects.get(7, lazy=True).pipelines.create({"ref": "main"})
    return len(server.sent())


def test_it_sends_again_after_a_429_unless_each_call_says_otherwise(serve: Any, token: str) -> None:
    times: list[int] = []

    def play(_: Any, line: Any) -> None:
        times.append(1)
        line.answer(429 if len(times) < 3 else 400, {"message": "no"}, Retry_After="0")

    assert posts(serve(play), token) == 3


def test_it_sends_again_after_a_502_if_one_flag_is_set(serve: Any, token: str) -> None:
    times: list[int] = []

    def play(_: Any, line: Any) -> None:
        times.append(1)
        line.answer(502 if len(times) < 2 else 400, {"message": "no"})

    assert posts(serve(play), token) == 1
    times.clear()
    assert posts(serve(play), token, retry_transient_errors=True) == 2


def test_it_follows_redirections_elsewhere_with_the_token(serve: Any, token: str) -> None:
    foreign = serve(lambda _, line: line.answer(200, {"id": 1}, Content_Type="application/json"))
    server = serve(lambda request, line: line.answer(307, None, Location=f"{foreign.url}{request.path}"))
    with gitlab.Gitlab(server.url, private_token=token) as client:
        client.projects.get(7)
    assert foreign.requests[0].headers["private-token"] == token


def test_its_play_puts_variables_into_the_address(serve: Any, token: str) -> None:
    server = serve(lambda _, line: line.answer(200, {"id": 1}, Content_Type="application/json"))
    with gitlab.Gitlab(server.url, private_token=token) as client:
        job = client.projects.get(7, lazy=True).jobs.get(1, lazy=True)
        job.play(job_variables_attributes=[{"key": "K", "value": "V"}])
    assert "job_variables_attributes" in server.requests[0].path
