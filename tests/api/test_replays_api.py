"""Runs of before under changed rules, over HTTP: what comes out of each, who may, and that nothing comes of it."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_house import House, problem
from company import EXAMPLES, SHOP
from freeze_town import Town
from hiding import hide, remove
from more_actions import like_deploy, load_beside
from secret_action import ask_for_password, load_set_password, set_password
from sqlalchemy import text

from daytwo_store import entities, runs
from daytwo_workflows.company import load_company
from daytwo_workflows.life.asking import undo

pytestmark = pytest.mark.anyio
SINCE = "2020-01-01T00:00:00Z"
PRODUCTION = "${{ inputs.environment.name == 'production' }}"
TWO: dict[str, Any] = {"approval": [{"from": ["group:sre"], "count": 2}]}


def policy(**roles: list[str]) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((EXAMPLES / "catalog" / "policy.yaml").read_text())
    document["spec"]["roles"].update(roles)
    return document


def freeze(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "daytwo/v1",
        "kind": "Freeze",
        "metadata": {"name": "december", "title": "December", "owner": "group:sre"},
        "spec": {
            "reason": "x",
            "timezone": "Europe/Berlin",
            "from": "2025-12-01T00:00",
            "until": "2026-01-07T00:00",
            **spec,
        },
    }


def files(*documents: dict[str, Any]) -> list[dict[str, str]]:
    return [{"name": f"{number}.yaml", "text": json.dumps(one)} for number, one in enumerate(documents)]


async def replayed(town: Town, *documents: dict[str, Any], by: str = "pat", **more: Any) -> list[dict[str, Any]]:
    town.company.ci.down = True  # whoever asks it now fails
    asked = {"files": files(*documents), "since": SINCE, **more}
    items: list[dict[str, Any]] = (await town.call(by, "POST", "/policy/replays", json=asked))["items"]
    town.company.ci.down = False
    return items


async def one(town: Town, *documents: dict[str, Any], **more: Any) -> dict[str, Any]:
    (found,) = await replayed(town, *documents, **more)
    return found


def words(found: dict[str, Any]) -> tuple[str, str, str]:
    return found["outcome"], found["was_text"], found["would_be_text"]


async def test_who_would_be_asked(town: Town) -> None:
    await town.company.ask("ana", "1.1.0", "staging")
    await town.company.ask("ana", "1.2.0", "production")
    assert [words(run) for run in await replayed(town, like_deploy("deploy"))] == [
        ("unchanged", "one of group:sre", "one of group:sre"),
        ("unchanged", "nobody", "nobody"),
    ]
    production, staging = await replayed(town, like_deploy("deploy", **TWO))
    assert words(production) == ("other_approval", "one of group:sre", "2 of group:sre")
    assert words(staging) == ("approval", "nobody", "2 of group:sre")
    assert staging["would_be"] == [
        {"needed_from": ["group:sre"], "count": 2, "rule": None, "step": None, "text": "2 of group:sre"}
    ]
    assert staging["requester"]["ref"] == "person:ana"
    nobody = await replayed(town, like_deploy("deploy", approval=[]))
    assert [words(run) for run in nobody] == [
        ("no_approval", "one of group:sre", "nobody"),
        ("unchanged", "nobody", "nobody"),
    ]
    other = like_deploy("deploy", approval=[{"from": ["group:sre"], "when": PRODUCTION, "self_approval": True}])
    assert words((await replayed(town, other))[0]) == (
        "other_approval",
        "one of group:sre",
        "one of group:sre (who asked for it or filled in values too)",
    )


async def test_a_rule_and_what_keeps_it_from_deciding(town: Town) -> None:
    await town.company.ask("ana", "1.2.0", "production")
    rule = "${{ inputs.version == '1.2.0' }}"
    changed = like_deploy("deploy", approval=[{"from": ["group:sre"], "auto": rule}])
    assert words(await one(town, changed)) == ("rule", "one of group:sre", f"a rule ({rule})")
    held = await one(town, changed, freeze())
    assert held["would_be_text"] == "one of group:sre, held back by the freeze 'December'"
    assert held["outcome"] == "held"  # the same people are asked, and then it waits
    await town.call("sam", "POST", "/stop", json={"reason": "of today"})
    assert (await one(town, changed))["outcome"] == "rule"  # it was not stopped then


async def test_a_step_that_asks_in_the_middle(town: Town) -> None:
    await town.company.ask("ana", "1.1.0", "staging")
    steps = like_deploy("deploy")["spec"]["steps"]
    gate = {"id": "ready", "uses": "approval", "with": {"from": ["owner", "group:sre"], "count": 2}}
    found = await one(town, like_deploy("deploy", steps=[gate, *steps]))
    assert words(found) == ("approval", "nobody", "2 of group:storefront or group:sre at the step ready")
    skipped = {**gate, "if": PRODUCTION}
    assert (await one(town, like_deploy("deploy", steps=[skipped, *steps])))["outcome"] == "unchanged"


async def test_freezes_hold_at_the_time_of_the_run(town: Town) -> None:
    await town.company.ask("ana", "1.1.0", "staging")
    found = await one(town, freeze())
    assert words(found) == ("held", "nobody", "nobody, held back by the freeze 'December'")
    assert [held["freeze"] for held in found["held"]] == ["december"]
    assert (await one(town, freeze(until="2025-12-21T08:00")))["outcome"] == "unchanged"  # it was over by then
    assert (await one(town, freeze(where={"environments": ["production"]})))["outcome"] == "unchanged"


async def test_a_freeze_that_is_made_shorter(town: Town, tmp_path: Path) -> None:
    registered = tmp_path / "freezes"
    registered.mkdir()
    (registered / "december.yaml").write_text(json.dumps(freeze()))
    await load_beside(town.company, tmp_path)
    await town.company.ask("ana", "1.1.0", "staging")
    assert (await one(town, freeze(until="2025-12-21T08:00")))["outcome"] == "unchanged"  # it was never registered
    folders = [EXAMPLES / "catalog", EXAMPLES / "actions", registered]
    await load_company(town.company.store, folders, {"github": "github"})
    assert (await one(town, freeze(until="2025-12-21T08:00")))["outcome"] == "not_held"
    assert (await one(town, freeze()))["outcome"] == "unchanged"


async def test_what_would_be_refused_and_what_the_requester_would_be_told(town: Town) -> None:
    await town.company.ask("ana", "1.1.0", "staging")
    found = await one(town, like_deploy("deploy", allow={"run": ["group:sre"]}))
    assert (found["outcome"], found["why"], found["would_be"]) == ("refused", "allow", [])
    assert found["would_be_text"] == "refused: Ana may not run it"
    assert found["told"] == (
        "Deploy a service on service:shop may be run by members of group:sre; you are group:storefront or person:ana. "
        "Ask one of them to run it, or to take you in."
    )
    assert "Nothing was started" not in found["told"]
    unseen = await one(town, like_deploy("deploy", allow={"run": ["owner"], "see": ["group:sre"]}))
    assert (unseen["outcome"], unseen["why"]) == ("refused", "see")
    needs = like_deploy("deploy")
    page = needs["spec"]["form"]["pages"][0]
    page["properties"]["ticket"] = {"type": "string", "title": "Ticket"}
    page["required"].append("ticket")
    lacks = await one(town, needs)
    assert (lacks["outcome"], lacks["why"], lacks["told"]) == ("refused", "inputs", "Ticket is required.")
    nobody = like_deploy("deploy", approval=[{"from": [{"people": {"role": "astronaut"}}]}])
    alone = await one(town, nobody)
    assert (alone["outcome"], alone["why"]) == ("refused", "plan")


async def test_a_field_that_is_gone_is_not_asked_for(town: Town) -> None:
    """Whoever fills in the form does not give it; a program does."""
    program = await town.house.token("ana", "read", "run")
    body = {"entity": SHOP, "inputs": {"version": "1.1.0", "environment": "environment:production", "reason": "x"}}
    for key, client in (("key-of-ana", town.people["ana"]), ("key-of-a-program", program)):
        answer = await client.post("/api/v1/actions/deploy/runs", json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == 202, answer.text
    changed = like_deploy("deploy")
    del changed["spec"]["form"]["pages"][0]["properties"]["reason"]
    del changed["spec"]["undo"]
    by_program, by_person = await replayed(town, changed)
    assert by_person["outcome"] == "unchanged"
    assert (by_program["outcome"], by_program["why"]) == ("refused", "inputs")


async def test_roles_of_a_changed_policy(town: Town) -> None:
    await town.company.ask("ana", "1.1.0", "staging")
    assert (await one(town, policy()))["outcome"] == "unchanged"
    found = await one(town, policy(requester=["group:sre"]))
    assert (found["outcome"], found["why"]) == ("refused", "allow")
    assert found["told"].startswith("You have no role that may ask for runs.")
    by_role = like_deploy("deploy", allow={"run": ["role:operator"]})
    assert (await one(town, by_role))["outcome"] == "refused"
    assert (await one(town, by_role, policy(operator=["group:storefront"])))["outcome"] == "unchanged"


async def test_the_target_is_that_of_then(town: Town) -> None:
    """What a run changes in the catalog does not answer for it, nor what somebody changed since."""
    await town.company.ask("ana", "1.1.0", "staging")
    changed = like_deploy(
        "deploy", approval=[{"from": ["group:sre"], "when": "${{ entity.properties.language == 'Python' }}"}]
    )
    assert (await one(town, changed))["outcome"] == "approval"
    town.clock.moment += timedelta(minutes=5)
    async with town.house.store.write() as tx:
        shop = await entities.get(tx.session, SHOP, sees="everything")
        assert shop is not None
        other = {**shop.properties, "language": "Go"}
        await entities.upsert(tx, replace(shop, properties=other, owner="group:finance"), by="file:x")
    assert (await one(town, changed))["outcome"] == "approval"
    await town.company.ask("sam", "1.1.0", "staging")
    assert [run["outcome"] for run in await replayed(town, changed)] == ["unchanged", "approval"]


async def test_choices_of_a_ci_system_are_not_asked_again(town: Town) -> None:
    await town.company.ask("ana", "1.1.0", "staging")
    same = like_deploy("deploy", **TWO)
    same["spec"]["form"]["pages"][0]["properties"]["version"]["title"] = "Which"
    assert (await one(town, same))["outcome"] == "approval"
    page = same["spec"]["form"]["pages"][0]
    page |= {"required": ["version"], "properties": {"version": page["properties"]["version"]}}
    same["spec"] |= {"lock": "x", "catalog": []}
    del same["spec"]["undo"]
    same["spec"]["steps"][0]["with"]["inputs"] = {}
    assert (await one(town, same))["outcome"] == "approval"
    other = like_deploy("deploy", **TWO)
    other["spec"]["form"]["pages"][0]["properties"]["version"]["from"]["list"] = "branches"
    found = await one(town, other)
    assert (found["outcome"], found["why"]) == ("unknown", "choices")
    assert "github was not asked then for the branches of acme/shop" in found["told"]


async def test_secrets_are_not_read_again(town: Town, tmp_path: Path) -> None:
    town.company.life = replace(town.company.life, hand_tokens=frozenset({"github"}))
    await load_set_password(town.company, tmp_path)
    await ask_for_password(town.company, "correct horse battery")
    before = await secret_reads(town.house)
    asks: Any = {"approval": [{"from": ["group:sre"]}]}
    assert words(await one(town, set_password(**asks))) == ("approval", "nobody", "one of group:sre")
    strict = set_password(**asks)
    strict["spec"]["form"]["pages"][0]["properties"]["password"]["pattern"] = "^[0-9]{40}$"
    found = await one(town, strict)
    assert (found["outcome"], found["why"]) == ("unknown", "secret")
    assert "horse" not in json.dumps(found)
    assert await secret_reads(town.house) == before


async def secret_reads(house: House) -> int:
    async with house.store.read() as session:
        return int(await session.scalar(text("SELECT count(*) FROM audit WHERE action LIKE 'secret%'")) or 0)


async def test_what_is_gone_is_told_as_that(town: Town, tmp_path: Path) -> None:
    await load_beside(town.company, tmp_path, like_deploy("ship"))
    await town.company.ask("ana", "1.1.0", "staging", action="ship")
    await town.company.ask("ben", "1.1.0", "staging")
    await load_company(town.company.store, [EXAMPLES / "catalog", EXAMPLES / "actions"], {"github": "github"})
    ben, ana = await replayed(town, like_deploy("deploy", **TWO))
    assert ben["outcome"] == "approval"
    assert (ana["outcome"], ana["why"], ana["told"]) == ("unknown", "action", "There is no action ship any more.")
    assert (await one(town, like_deploy("ship", **TWO), action="ship"))["outcome"] == "approval"
    await remove(town.house.store, "person:ben")
    gone = await one(town, like_deploy("deploy", **TWO), action="deploy")
    assert (gone["why"], gone["told"]) == ("requester", "Ben is not in the catalog any more.")
    await remove(town.house.store, "environment:staging")
    gone = await one(town, like_deploy("ship", **TWO), action="ship")
    assert (gone["why"], gone["told"]) == ("entity", "environment:staging is not in the catalog any more.")


async def test_an_undo_is_planned_as_one(town: Town) -> None:
    """Of its steps it does what was sealed then; who is asked for it is a matter of the rules."""
    company = town.company
    runs_of = [await company.ask("ana", version, "staging") for version in ("1.1.0", "1.2.0")]
    for run in runs_of:
        await company.through(run)
    async with town.house.store.read() as session:
        row = await runs.peek(session, runs_of[1])
    await undo(company.life, row, await company.person("ana"), None, comment=None, key="undo")
    found = await replayed(town, like_deploy("deploy", **TWO))
    assert [words(run) for run in found] == [("approval", "nobody", "2 of group:sre")] * 3


async def test_an_emergency_is_planned_as_one(town: Town, tmp_path: Path) -> None:
    def fix(second: str) -> dict[str, Any]:
        return like_deploy("fix", break_glass={"allow": ["owner"], "second": second})

    await load_beside(town.company, tmp_path, fix("group:sre"))
    body = {
        "entity": SHOP,
        "inputs": {"version": "1.1.0", "environment": "environment:production"},
        "break_glass": True,
        "comment": "Customers cannot pay",
    }
    await town.call("ana", "POST", "/actions/fix/runs", json=body)
    assert words(await one(town, fix("owner"))) == ("other_approval", "one of group:sre", "one of group:storefront")
    assert (await one(town, like_deploy("fix")))["why"] == "plan"  # there is no glass to break any more


async def test_hidden_runs_stay_hidden_and_what_they_name_too(town: Town) -> None:
    await town.company.ask("ana", "1.1.0", "staging")
    own = await town.company.ask("sam", "1.1.0", "production")
    owner_of: Any = {"approval": [{"from": [{"owner_of": "service:payroll"}]}]}
    for found in await replayed(town, like_deploy("deploy", **owner_of)):
        assert (found["outcome"], found["why"], found["would_be"]) == ("unknown", "hidden", [])
        assert "finance" not in json.dumps(found)
    await hide(town.house.store, "environment:production", "group:sre")
    hidden = {run["run"]: run for run in await replayed(town, like_deploy("deploy", **TWO))}[own]
    assert (hidden["outcome"], hidden["why"]) == ("unknown", "hidden")
    await hide(town.house.store, SHOP, "group:storefront", "group:sre")
    assert await replayed(town, like_deploy("deploy", **TWO)) == []


async def test_nothing_is_written_and_nothing_is_sent(town: Town) -> None:
    await town.company.ask("ana", "1.1.0", "staging")
    await town.company.ask("ana", "1.1.0", "production")
    before, driven = await everything(town.house), len(town.house.temporal.driven)
    found = await replayed(town, like_deploy("deploy", **TWO), policy(requester=["group:sre"]), freeze())
    assert len(found) == 2
    assert await everything(town.house) == before
    assert len(town.house.temporal.driven) == driven
    assert town.company.ci.posts == 0


async def everything(house: House) -> dict[str, Any]:
    """How many rows each table has, and what the audit ends with."""
    async with house.store.read() as session:
        names = await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"))
        seen = {}
        for name in names.all():
            rows = text(f'SELECT count(*), md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM "{name}" AS x')
            seen[name] = tuple((await session.execute(rows)).one())
    uses = ("session", "login", "principal")  # who signed in was seen
    return {name: told for name, told in seen.items() if not name.startswith(uses)}


async def test_pages_end_by_number_and_by_time(town: Town) -> None:
    asked = [await town.company.ask("ana", "1.1.0", "staging") for _ in range(5)]
    body: dict[str, Any] = {"files": files(like_deploy("deploy", **TWO)), "since": SINCE, "limit": 2}
    seen: list[str] = []
    pages = 0
    while True:
        page = await town.call("pat", "POST", "/policy/replays", json=body)
        seen += [run["run"] for run in page["items"]]
        pages += 1
        if page["next_cursor"] is None:
            break
        body["cursor"] = page["next_cursor"]
    assert (sorted(seen), pages) == (sorted(asked), 3)
    town.house.services.replays._seconds = 0.0
    short = await town.call("pat", "POST", "/policy/replays", json={**body, "cursor": None, "limit": 5})
    assert len(short["items"]) == 1
    assert short["next_cursor"] is not None


async def test_only_the_runs_that_are_wanted(town: Town) -> None:
    await town.company.ask("ana", "1.1.0", "staging")
    changed = like_deploy("deploy", **TWO)
    assert await replayed(town, changed, since="2025-12-22T00:00:00Z") == []
    assert await replayed(town, changed, until="2025-12-21T00:00:00Z") == []
    assert await replayed(town, changed, action="restart") == []
    assert await replayed(town, changed, entity="service:billing") == []
    assert len(await replayed(town, changed, entity="service:shop", until="2025-12-22T00:00:00Z")) == 1


async def test_definitions_are_checked_as_they_are_when_they_are_registered(town: Town) -> None:
    pat = town.people["pat"]

    async def refused(*documents: dict[str, Any]) -> str:
        answer = await pat.post("/api/v1/policy/replays", json={"files": files(*documents), "since": SINCE})
        return str(problem(answer, 422)["detail"])

    broken = like_deploy("deploy", approval=[{"from": ["sre"]}])
    assert (await refused(broken)).startswith("Nothing was replayed: 1 problem to correct.\n0.yaml:1:")
    nowhere = like_deploy("deploy")
    nowhere["spec"]["steps"][0]["uses"] = "jenkins"
    assert "jenkins" in await refused(nowhere)
    unknown_kind = like_deploy("deploy", target={"kind": "server"})
    assert "server" in await refused(unknown_kind)
    assert "one policy" in await refused(policy(), policy())
    entity = yaml.safe_load((EXAMPLES / "catalog" / "environments.yaml").read_text().split("---")[0])
    assert "no action, no freeze and no policy" in await refused(entity)
    answer = await pat.post("/api/v1/policy/replays", json={"files": [], "since": SINCE})
    problem(answer, 422)
    answer = await pat.post("/api/v1/policy/replays", json={"files": files(policy()), "since": SINCE, "cursor": "x"})
    problem(answer, 422)


async def test_an_action_that_is_called_has_to_fit_its_callers(town: Town, tmp_path: Path) -> None:
    """Those of the files may call what is registered, and what is registered has to fit what the files make of it."""
    restart = yaml.safe_load((EXAMPLES / "actions" / "restart.yaml").read_text())
    inputs = dict.fromkeys(restart["spec"]["form"]["pages"][0].get("required", []), "environment:staging")
    asked = {"action": "restart", "entity": "${{ entity.ref }}", "inputs": inputs}
    calls = {"id": "again", "uses": "action", "with": asked}
    await town.company.ask("ana", "1.1.0", "staging")
    steps = like_deploy("deploy")["spec"]["steps"]
    assert (await one(town, like_deploy("deploy", steps=[*steps, calls])))["outcome"] == "unchanged"


async def test_who_may(town: Town) -> None:
    body = {"files": files(like_deploy("deploy")), "since": SINCE}
    for name, status in (("ana", 403), ("sam", 403), ("pat", 200)):
        assert (await town.people[name].post("/api/v1/policy/replays", json=body)).status_code == status, name
