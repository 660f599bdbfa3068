"""`show` of a job tree: nested, readable with hundreds of nodes, and what waits is answered from here."""

from typing import Any

from daytwo_cli.exits import Exit

YES, NO = {"allowed": True, "why_not": None}, {"allowed": False, "why_not": "Only there."}


def node(name: str, *, parent: str | None = None, kind: str = "job", status: str = "succeeded") -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "status": status,
        "detail": "",
        "url": None,
        "started_at": None,
        "ended_at": None,
        "kind": kind,
        "parent": parent,
        "gate": None,
        "steps": [],
        "notes": [],
    }


def gate(**more: Any) -> dict[str, Any]:
    plain = {
        "id": "g_1",
        "step": "ship",
        "job": "approve",
        "kind": "suspend",
        "title": "approve",
        "text": "waits in Argo for somebody to resume it",
        "url": "https://argo/1",
        "go": YES,
        "stop": NO,
        "answers": [],
    }
    return {**plain, **more}


def step(jobs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "path": "ship",
        "uses": "argo",
        "kind": "dispatch",
        "needs": None,
        "due_at": None,
        "state": "running",
        "text": "",
        "started_at": None,
        "ended_at": None,
        "attempts": [],
        "jobs": jobs,
        "log_note": None,
        "outputs": None,
        "outputs_source": None,
        "secrets": [],
        "secrets_at": None,
        "secrets_by": None,
    }


def test_a_tree_is_nested_and_what_went_well_is_one_line(cli: Any, server: Any, make: Any) -> None:
    jobs = [
        node("main", kind="group", status="running"),
        node("wave-1", parent="main", kind="group"),
        *(node(f"calm-{number}", parent="wave-1") for number in range(300)),
        node("wave-2", parent="main", kind="group", status="running"),
        node("hot", parent="wave-2", status="running"),
        node("approve", parent="main", kind="gate", status="waiting"),
    ]
    server.on("GET", "/runs/r_1", make.run(steps=[step(jobs)], gates=[gate()]))
    out = cli("show", "r_1").out
    assert "    succeeded: ▸ wave-1  –  (300 inside)\n" in out
    assert "calm-1" not in out
    assert "    running: ▸ wave-2  –\n      running: hot  –\n" in out
    assert "waiting: waits in Argo for somebody to resume it  https://argo/1\n" in out
    assert "  answer it: daytwo answer r_1 g_1 go\n" in out


def test_a_tree_that_makes_no_sense_ends(cli: Any, server: Any, make: Any) -> None:
    jobs = [node("self", parent="self", kind="group", status="running"), node("lost", parent="nowhere")]
    server.on("GET", "/runs/r_1", make.run(steps=[step(jobs)]))
    assert "succeeded: lost" in cli("show", "r_1").out


def test_answering_asks_first_and_sends_a_key(cli: Any, server: Any, make: Any) -> None:
    server.on("GET", "/runs/r_1", make.run(gates=[gate()]))
    server.on("POST", "/runs/r_1/gates/g_1", make.run())
    assert cli("answer", "r_1", "g_1", "go").code == Exit.USAGE
    assert cli("answer", "r_1", "g_2", "go").code != 0
    assert server.bodies("/runs/r_1/gates/g_1") == []
    assert cli("answer", "r_1", "g_1", "go", "--comment", "fine", "--yes").code == 0
    assert server.bodies("/runs/r_1/gates/g_1") == [{"verdict": "go", "comment": "fine"}]
    assert cli("answer", "r_1", "g_1", "maybe", "--yes").code == Exit.USAGE
