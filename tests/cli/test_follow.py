"""Following a run: a stream that breaks is continued, each line is printed once, the exit code tells the end."""

import json
from typing import Any

import pytest

from daytwo_cli.client.api import Api
from daytwo_cli.client.events import watch
from daytwo_cli.client.server import Server
from daytwo_cli.errors import Unreachable
from daytwo_cli.exits import Exit


def event(name: str, data: Any, id_: int | None = None) -> str:
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\n{f'id: {id_}' if id_ else ': no id'}\ndata: {text}\n\n"


def log(*numbers: int) -> str:
    lines = [{"number": n, "step": "ship", "job": "Test", "text": f"line {n}"} for n in numbers]
    return event("log", {"lines": lines, "next": numbers[-1]}, numbers[-1])


def run_event(view: Any) -> str:
    return event("run", view.model_dump_json())


def test_a_stream_that_breaks_is_continued_after_the_last_line(cli: Any, server: Any, make: Any, reply: Any) -> None:
    end = make.run(state="succeeded", text="done", ended_at="2026-11-21T12:01:12Z")
    server.on(
        "GET",
        "/runs/r_1/events",
        reply(text=run_event(make.run()) + log(1, 2) + "event: log\nid: 9\ndata: {cut", hang_up=True),
        reply(text=log(2, 3) + run_event(end) + event("end", {})),
    )
    server.on("GET", "/runs/r_1", end)
    done = cli("logs", "r_1", "-f")
    assert done.code == 0
    assert done.out.splitlines() == ["Test | line 1", "Test | line 2", "Test | line 3"]
    again = server.asked[1]
    assert (again.headers["last-event-id"], again.query["after"]) == ("2", "2")
    assert "going on after line 2" in done.err


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("succeeded", Exit.SUCCESS),
        ("failed", Exit.FAILED),
        ("rejected", Exit.NOT_GRANTED),
        ("expired", Exit.NOT_GRANTED),
        ("withdrawn", Exit.NOT_GRANTED),
        ("cancelled", Exit.CANCELLED),
        ("refused", Exit.REFUSED),
        ("superseded", Exit.NOT_GRANTED),
    ],
)
def test_the_exit_code_tells_how_it_ended(cli: Any, server: Any, make: Any, reply: Any, state: str, code: Exit) -> None:
    end = make.run(state=state, text="over", reason="because")
    server.on("POST", "/runs/r_1/cancel", make.run())
    server.on("GET", "/runs/r_1/events", reply(text=run_event(make.run()) + run_event(end) + event("end", {})))
    server.on("GET", "/runs/r_1", end)
    done = cli("cancel", "r_1", "--follow")
    assert done.code == code
    assert done.out.splitlines()[-1].endswith("r_1. because")


def test_a_run_that_needs_a_person_is_not_waited_for(cli: Any, server: Any, make: Any, reply: Any) -> None:
    held = make.run(state="needs_attention", text="nobody knows")
    server.on("GET", "/runs/r_1/events", reply(text=run_event(held) + ": and then silence\n\n"))
    server.on("GET", "/runs/r_1", held)
    assert cli("logs", "r_1", "-f").code == Exit.NEEDS_ATTENTION
    assert len(server.asked) == 2


def test_grep_and_after(cli: Any, server: Any, make: Any, reply: Any) -> None:
    server.on("GET", "/runs/r_1/events", reply(text=log(11, 12, 13) + event("end", {})))
    server.on("GET", "/runs/r_1", make.run(state="succeeded"))
    assert cli("logs", "r_1", "-f", "--after", "10", "--grep", "LINE 12").out == "Test | line 12\n"
    assert server.asked[0].query["after"] == "10"


def test_grep_looks_at_what_is_read(cli: Any, server: Any, make: Any, reply: Any) -> None:
    time = "2026-11-21T10:00:01.1234567Z "
    texts = [time + "plain", time + "it \x1b[31mbr\x1b[1moke\x1b[0m", time + "in 2026"]
    lines = [{"number": n, "step": "ship", "job": "Test", "text": text} for n, text in enumerate(texts, 1)]
    for wanted, printed in (("It Broke", "Test | it broke\n"), ("2026", "Test | in 2026\n")):
        server.on("GET", "/runs/r_1/events", reply(text=event("log", {"lines": lines, "next": 3}) + event("end", {})))
        server.on("GET", "/runs/r_1", make.run(state="succeeded"))
        assert cli("logs", "r_1", "-f", "--grep", wanted).out == printed


def test_each_change_is_told_once(cli: Any, server: Any, make: Any, reply: Any) -> None:
    job = {
        "id": "1",
        "name": "Test",
        "status": "running",
        "detail": "",
        "url": None,
        "started_at": None,
        "ended_at": None,
        "kind": "job",
        "parent": None,
        "gate": None,
        "steps": [],
        "notes": [],
    }
    step = {
        "path": "ship",
        "uses": "github",
        "kind": "dispatch",
        "needs": None,
        "due_at": None,
        "state": "running",
        "text": "",
        "started_at": None,
        "ended_at": None,
        "attempts": [],
        "jobs": [job],
        "log_note": None,
        "outputs": None,
        "outputs_source": None,
        "secrets": [],
        "secrets_at": None,
        "secrets_by": None,
    }
    running = make.run(steps=[step])
    end = make.run(state="succeeded", text="done", steps=[{**step, "jobs": [{**job, "status": "succeeded"}]}])
    server.on("POST", "/runs/r_1/cancel", make.run())
    server.on(
        "GET",
        "/runs/r_1/events",
        reply(text=run_event(running) * 3 + run_event(end) + event("end", {})),
    )
    server.on("GET", "/runs/r_1", end)
    out = cli("cancel", "r_1", "-f").out.splitlines()
    assert out[:4] == ["running: is running", "running: job Test", "succeeded: done", "succeeded: job Test"]


def test_a_run_that_one_may_not_see(cli: Any, server: Any, refuse: Any) -> None:
    server.on("GET", "/runs/r_1/events", refuse(404, "not-found", "There is no run r_1."))
    done = cli("logs", "r_1", "-f")
    assert (done.code, done.err) == (Exit.REFUSED, "There is no run r_1.\n(request q_1)\n")


def test_json_prints_each_line_and_then_the_run(cli: Any, server: Any, make: Any, reply: Any) -> None:
    server.on(
        "GET",
        "/runs/r_1/events",
        reply(text=run_event(make.run()) + log(1, 2), hang_up=True),
        reply(text=log(2, 11) + event("end", {})),
    )
    server.on("GET", "/runs/r_1", make.run(state="failed"))
    done = cli("logs", "r_1", "-f", "--json", "--grep", "1")
    first, second, end = [json.loads(line) for line in done.out.splitlines()]
    assert [(one["number"], one["step"], one["job"], one["text"]) for one in (first, second)] == [
        (1, "ship", "Test", "line 1"),
        (11, "ship", "Test", "line 11"),
    ]
    assert (done.code, end["id"], end["state"]) == (Exit.FAILED, "r_1", "failed")


def test_json_of_what_else_follows_is_the_end_alone(cli: Any, server: Any, make: Any, reply: Any) -> None:
    server.on("POST", "/runs/r_1/cancel", make.run())
    server.on("GET", "/runs/r_1/events", reply(text=run_event(make.run()) + log(1) + event("end", {})))
    server.on("GET", "/runs/r_1", make.run(state="cancelled"))
    done = cli("cancel", "r_1", "--follow", "--json")
    assert (done.code, done.json["state"]) == (Exit.CANCELLED, "cancelled")


def test_a_stream_that_is_closed_for_ever_says_how_to_read_the_run(server: Any, reply: Any) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    server.on("GET", "/runs/r_1/events", reply(text=""))
    api = Api(Server(url=server.url))
    with pytest.raises(Unreachable, match=r"again and again.*Read it without a stream, by daytwo show r_1"):
        list(watch(api, "r_1", lost=lambda _: None, patience=60, pause=sleep, clock=lambda: now[0]))
    api.close()


def test_a_server_that_closes_the_stream_now_and_then_is_no_news(cli: Any, server: Any, make: Any, reply: Any) -> None:
    server.on("GET", "/runs/r_1/events", reply(text=log(1)), reply(text=log(2) + event("end", {})))
    server.on("GET", "/runs/r_1", make.run(state="succeeded"))
    done = cli("logs", "r_1", "-f")
    assert (done.out, done.err) == ("Test | line 1\nTest | line 2\n", "")


def test_nobody_is_waited_for_for_ever(server: Any, refuse: Any) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    server.on("GET", "/runs/r_1/events", refuse(503, "unavailable", "Later."))
    api = Api(Server(url=server.url))
    said: list[str] = []
    with pytest.raises(Unreachable, match="Later"):
        list(watch(api, "r_1", lost=said.append, patience=60, pause=sleep, clock=lambda: now[0]))
    api.close()
    assert 60 < now[0] < 70
    assert len(said) == len(server.asked)
