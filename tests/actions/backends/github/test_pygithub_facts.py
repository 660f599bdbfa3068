"""What PyGithub does by itself: the reasons for `pygithub.py`, noticed here should a new version change them."""

from collections.abc import Iterator
from typing import Any

import pytest
from github import Auth, Github
from github.GithubException import GithubException

PATH = "/repos/acme/shop/actions/workflows/deploy.yml"


@pytest.fixture
def client(serve: Any, token: str) -> Iterator[Any]:
    made: list[Github] = []

    def start(script: Any) -> tuple[Any, Github]:
        server = serve(script)
        options: dict[str, Any] = {"retry": None, "seconds_between_requests": None, "seconds_between_writes": None}
        made.append(Github(base_url=server.url, auth=Auth.Token(token), lazy=True, **options))
        return server, made[-1]

    yield start
    for github in made:
        github.close()


def test_a_lazy_workflow_is_dispatched_without_looking_it_up(client: Any) -> None:
    server, github = client(lambda _, line: line.answer(204))
    github.get_repo("acme/shop").get_workflow("deploy.yml").create_dispatch("main", {}, throw=True)
    assert [(request.method, request.path) for request in server.requests] == [("POST", f"{PATH}/dispatches")]


def test_it_follows_a_301_with_a_second_post(client: Any) -> None:
    def play(request: Any, line: Any) -> None:
        if request.path.endswith("/dispatches"):
            line.answer(301, {}, Location=f"http://127.0.0.1:1{PATH}/moved")
        else:
            line.answer(204)

    server, github = client(play)
    github.get_repo("acme/shop").get_workflow("deploy.yml").create_dispatch("main", {}, throw=True)
    assert [(request.method, request.path) for request in server.requests] == [
        ("POST", f"{PATH}/dispatches"),
        ("POST", f"{PATH}/moved"),
    ]


@pytest.mark.parametrize("status", [302, 303, 307, 308])
def test_it_does_not_follow_other_redirections_and_takes_them_for_success(status: int, client: Any) -> None:
    server, github = client(lambda _, line: line.answer(status, None, Location="http://127.0.0.1:1/elsewhere"))
    workflow = github.get_repo("acme/shop").get_workflow("deploy.yml")
    assert workflow.create_dispatch("main", {}, throw=True, return_run_details=True) is True
    assert len(server.requests) == 1


def test_without_throw_a_refusal_is_only_false(client: Any) -> None:
    _, github = client(lambda _, line: line.answer(401, {"message": "Bad credentials"}))
    workflow = github.get_repo("acme/shop").get_workflow("deploy.yml")
    assert workflow.create_dispatch("main", {}) is False
    with pytest.raises(GithubException):
        workflow.create_dispatch("main", {}, throw=True)


def test_an_address_in_an_answer_that_leads_to_a_foreign_host_is_not_asked(client: Any) -> None:
    server, github = client(lambda _, line: line.answer(200, {}))
    with pytest.raises(AssertionError):
        github.requester.requestJsonAndCheck("GET", "http://elsewhere.example/repos/acme/shop")
    assert server.requests == []


def test_it_gives_a_connection_the_requests_of_all_threads(client: Any) -> None:
    server, github = client(lambda _, line: line.answer(200, {}))
    connection = github.requester._Requester__createConnection()
    connection.request("POST", "/first", None, {})
    connection.request("POST", "/second", None, {})  # as another thread would, before the first is on its way
    connection.getresponse()
    connection.getresponse()
    assert github.requester._Requester__createConnection() is connection
    assert [request.path for request in server.requests] == ["/second", "/second"]
