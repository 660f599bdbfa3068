"""`daytwo replay`: what is sent, what is read, how it ends; and once against the real API."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from at_the_api import at_the_api
from company import EXAMPLES, Company, open_company

from daytwo_cli.exits import Exit
from daytwo_store.engine import Store

DEPLOY = (EXAMPLES / "actions" / "deploy.yaml").read_text()
SRE = {"needed_from": ["group:sre"], "count": 2, "rule": None, "step": None, "text": "2 of group:sre"}
ONE = {**SRE, "count": 1, "text": "one of group:sre"}


def run(name: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {
        "run": name,
        "action": "deploy",
        "entity": "service:shop",
        "requester": {"id": "p_1", "name": "Ana", "ref": "person:ana"},
        "state": "succeeded",
        "created_at": "2026-11-20T12:00:00Z",
        "outcome": outcome,
        "why": None,
        "told": None,
        "was": [],
        "would_be": [],
        "was_text": "nobody",
        "would_be_text": "nobody",
        "held": [],
        **more,
    }


SAME = run("r_same", "unchanged")
NEW = run("r_new", "approval", would_be=[SRE], would_be_text="2 of group:sre")
OTHER = run("r_other", "other_approval", was=[ONE], would_be=[SRE], was_text=ONE["text"], would_be_text=SRE["text"])
REFUSED = run(
    "r_no",
    "refused",
    why="allow",
    told="You may not.",
    was=[ONE],
    would_be_text="refused: Ana may not run it",
    action="restart",
)
UNKNOWN = run(
    "r_gone", "unknown", why="entity", told="service:shop is gone.", was=[ONE], would_be_text="cannot be told"
)


def page(*runs: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    return {"items": [*runs], "next_cursor": cursor}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A company's folder with more in it than matters."""
    (tmp_path / "deploy.yaml").write_text(DEPLOY)
    (tmp_path / "deploy.test.yml").write_text("not: sent")
    (tmp_path / "services.yaml").write_text((EXAMPLES / "catalog" / "services.yaml").read_text())
    return tmp_path


@pytest.mark.parametrize(
    ("runs", "more", "code"),
    [
        ([SAME], [], Exit.SUCCESS),
        ([SAME], ["--strict"], Exit.SUCCESS),
        ([SAME, NEW, OTHER, UNKNOWN], [], Exit.SUCCESS),
        ([NEW], ["--strict"], Exit.FAILED),
        ([UNKNOWN], ["--strict"], Exit.FAILED),
        ([NEW, REFUSED], [], Exit.FAILED),
        ([], [], Exit.SUCCESS),
        ([], ["--strict"], Exit.SUCCESS),
    ],
)
def test_the_exit_code_tells(cli: Any, server: Any, folder: Path, runs: Any, more: list[str], code: Exit) -> None:
    server.on("POST", "/policy/replays", page(*runs))
    assert cli("replay", str(folder), *more).code == code


def test_only_what_says_who_is_asked_is_sent_and_all_pages_are_read(cli: Any, server: Any, folder: Path) -> None:
    server.on("POST", "/policy/replays", page(NEW, cursor="next"), page(SAME))
    done = cli("replay", str(folder), "--since", "2026-11-01", "--until", "2026-11-02T10:00:00+01:00", "--action", "x")
    asked = {
        "files": [{"name": str(folder / "deploy.yaml"), "text": DEPLOY}],
        "since": "2026-11-01T00:00:00+00:00",
        "until": "2026-11-02T10:00:00+01:00",
        "action": "x",
        "entity": None,
    }
    assert server.bodies("/policy/replays") == [{**asked, "cursor": None}, {**asked, "cursor": "next"}]
    assert "2 runs: 1 as it was, 1 different, 0 cannot be told." in done.err


def test_what_an_sre_lead_reads(cli: Any, server: Any, folder: Path) -> None:
    server.on("POST", "/policy/replays", page(NEW, OTHER, REFUSED, UNKNOWN, SAME))
    done = cli("replay", str(folder))
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines == [
        "RUN CREATED (UTC) ACTION ON BY WAS ASKED WOULD BE",
        "r_new 2026-11-20 12:00:00 deploy service:shop Ana nobody 2 of group:sre",
        "r_other 2026-11-20 12:00:00 deploy service:shop Ana one of group:sre 2 of group:sre",
        "r_no 2026-11-20 12:00:00 restart service:shop Ana nobody refused: Ana may not run it",
        "r_gone 2026-11-20 12:00:00 deploy service:shop Ana nobody cannot be told",
        "",
        "ACTION RUNS AS IT WAS NEW APPROVAL OTHER APPROVAL REFUSED CANNOT BE TOLD",
        "deploy 4 1 1 1 0 1",
        "restart 1 0 0 0 1 0",
        "all 5 1 1 1 1 1",
        "",
        "WHO WOULD BE ASKED IN RUNS DECISIONS",
        "group:sre 2 (was 2) 4 (was 2)",
        "",
        "RUNS WHY",
        '1 Ana would be told: "You may not."',
        "1 cannot be told: service:shop is gone.",
    ]
    assert "Nothing was changed" in done.err


def test_a_program_reads_the_same(cli: Any, server: Any, folder: Path) -> None:
    server.on("POST", "/policy/replays", page(NEW, cursor="next"), page(REFUSED))
    told = cli("replay", str(folder), "--json").json
    assert told["items"] == [NEW, REFUSED]
    assert {name for name, count in told["outcomes"].items() if count} == {"approval", "refused"}
    assert told["actions"]["deploy"]["approval"] == 1
    assert told["asked"] == [
        {"who": "group:sre", "runs": 1, "runs_were": 1, "decisions": 2, "decisions_were": 1},
    ]


def test_many_runs_are_not_all_listed(cli: Any, server: Any, folder: Path) -> None:
    server.on("POST", "/policy/replays", page(*[run(f"r_{n}", "approval") for n in range(60)]))
    done = cli("replay", str(folder))
    assert "… and 10 more, which --json has." in done.out


def test_no_run(cli: Any, server: Any, folder: Path) -> None:
    server.on("POST", "/policy/replays", page())
    assert cli("replay", str(folder)).out == "There was no such run that you may see.\n"


def test_what_cannot_be_asked_is_not_asked(cli: Any, server: Any, folder: Path) -> None:
    for arguments in (
        (str(folder / "none"),),
        (str(folder / "services.yaml"),),
        (str(folder), "--since", "last week"),
    ):
        assert cli("replay", *arguments).code == Exit.USAGE
    (folder / "large.yaml").write_text(DEPLOY + "# " + "x" * 130_000)
    large = cli("replay", str(folder))
    assert (large.code, "Name the files that you have changed" in large.err) == (Exit.USAGE, True)
    assert server.asked == []


def test_a_definition_that_is_not_valid_is_told_once(
    cli: Any, server: Any, folder: Path, refuse: Any, reply: Any
) -> None:
    words = "Nothing was replayed: 1 problem to correct.\ndeploy.yaml:1:2: no."
    server.on("POST", "/policy/replays", refuse(422, "definition-rejected", words, [("/spec", "deploy.yaml:1:2: no.")]))
    done = cli("replay", str(folder))
    assert (done.code, done.err.count("deploy.yaml:1:2")) == (Exit.FAILED, 1)
    server.on("POST", "/policy/replays", refuse(403, "forbidden", "It takes the role author."))
    assert cli("replay", str(folder)).code == Exit.REFUSED
    server.on("POST", "/policy/replays", reply(status=500, json={}))
    assert cli("replay", str(folder)).code == Exit.UNREACHABLE


@pytest.fixture
async def company(store: Store) -> Company:
    return await open_company(store)


@pytest.fixture
async def pats(company: Company, database_url: str, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The environment of Pat, who writes actions."""
    async with at_the_api(company, database_url, tmp_path, "pat", "read", "admin") as environment:
        yield environment


@pytest.mark.anyio
async def test_last_months_runs_against_a_changed_policy(
    pats: dict[str, str], company: Company, folder: Path, cli: Any
) -> None:
    """The sentence of the issue: who would now need approval."""
    await company.ask("ana", "1.1.0", "staging")
    await company.ask("ana", "1.2.0", "production")
    company.ci.down = True

    async def replay(*more: str) -> Any:
        return await anyio.to_thread.run_sync(lambda: cli("replay", str(folder), *more, environment=pats))

    same = await replay("--strict")
    assert same.code == Exit.SUCCESS, same.err
    assert "2 runs: 2 as it was" in same.err
    everywhere = DEPLOY.replace("    - when: ${{ inputs.environment.name == 'production' }}\n      from", "    - from")
    (folder / "deploy.yaml").write_text(everywhere.replace("count: 1", "count: 2"))
    told = json.loads((await replay("--json")).out)
    assert {one["outcome"] for one in told["items"]} == {
        "approval",
        "other_approval",
    }
    assert told["asked"] == [{"who": "group:sre", "runs": 2, "runs_were": 1, "decisions": 4, "decisions_were": 1}]
    shown = await replay()
    assert shown.code == Exit.SUCCESS
    (folder / "deploy.yaml").write_text(DEPLOY.replace("run: [owner, group:sre]", "run: [group:sre]"))
    refused = await replay()
    assert refused.code == Exit.FAILED
    assert "Deploy" in refused.out
    (folder / "deploy.yaml").write_text(DEPLOY.replace("group:sre", "sre"))
    broken = await replay()
    assert broken.code == Exit.FAILED
    assert "deploy.yaml:" in broken.err
