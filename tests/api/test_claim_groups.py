"""Groups that an identity provider tells (the stand-in, on a real port), and what ends when it takes one away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_house import House, problem
from id_provider import PEOPLE, AtWork, local, oidc_settings, provider_at_work
from sqlalchemy import select, text, update

from daytwo_api.app import create_app
from daytwo_api.services import vouching
from daytwo_api.services.vouching import GroupsClaim, Rechecks, Sealing, TooManyGroups
from daytwo_api.services.wiring import build_services
from daytwo_api.settings import ApiSettings
from daytwo_store.ids import RunId
from daytwo_store.tables import AuditRow, PrincipalRow, SessionRow

pytestmark = pytest.mark.anyio


@dataclass
class Door:
    house: House
    provider: AtWork
    rechecks: Rechecks

    async def signed_in(self, subject: str) -> httpx.AsyncClient:
        client = self.house.anonymous()
        begun = await client.get("/api/v1/session/oidc")
        answer = await client.get(local(await self.provider.choose(begun.headers["location"], subject)))
        assert answer.status_code == 303, answer.text
        return client

    def say(self, subject: str, groups: Any) -> None:
        """From now on the provider says this of them; None: it does not know them."""
        assert self.provider.app is not None
        if groups is None:
            del self.provider.app.people[subject]
            return
        before = self.provider.app.people[subject]
        claims = {**before.claims, "groups": groups}
        self.provider.app.people[subject] = before.model_copy(update={"claims": claims})

    async def half_a_minute(self) -> None:
        """Everybody is due again."""
        async with self.house.store.write() as tx:
            await tx.session.execute(
                update(SessionRow)
                .where(SessionRow.checked_at.is_not(None))
                .values(checked_at=tx.now - timedelta(seconds=31))
            )
        await self.rechecks.once()


Open = Callable[..., Awaitable[Door]]


@pytest.fixture
async def open_door(house: House, tmp_path: Path) -> AsyncIterator[Open]:
    doors: list[House] = []
    people = [{**one, "claims": {**one["claims"], "groups": []}} for one in PEOPLE]  # type: ignore[dict-item]
    at_work: dict[str, Any] = {}

    async def make(changes: dict[str, Any] | None = None, **provider: Any) -> Door:
        running = provider_at_work(tmp_path, people=people, **provider)
        at_work["running"] = running
        there = await running.__aenter__()
        given = house.services.settings.model_dump(exclude={"connections"}, exclude_none=True)
        given |= oidc_settings(
            tmp_path, there.url, **{"person_claim": "daytwo_person", "groups_claim": "groups", **(changes or {})}
        )
        services = build_services(ApiSettings.model_validate(given), house.store, house.temporal, backends={})
        services.loading.done = True
        assert services.sign_in.provider is not None
        await services.sign_in.provider.discover()
        doors.append(House(create_app(services), services, house.company, house.temporal))
        return Door(doors[-1], there, services.rechecks)

    yield make
    for door in doors:
        await door.close()
    if "running" in at_work:
        await at_work["running"].__aexit__(None, None, None)


async def groups(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get("/api/v1/me")
    assert answer.status_code == 200, answer.text
    found: list[str] = answer.json()["groups"]
    return found


async def test_the_claim_counts_and_not_the_catalog(open_door: Open) -> None:
    door = await open_door()
    door.say("u-ana", ["sre", "no-such-group", "../sre", 7, {"x": 1}, "Sre", "sre"])
    ana = await door.signed_in("u-ana")
    assert await groups(ana) == ["group:sre"]  # in the catalog she is of storefront
    assert "operator" in (await ana.get("/api/v1/me")).json()["roles"]


async def test_values_mean_what_the_settings_say(open_door: Open) -> None:
    door = await open_door({"groups": {"Ops Team": "group:sre", "x": "group:nothing"}})
    door.say("u-sam", ["Ops Team", "finance", "x"])
    assert await groups(await door.signed_in("u-sam")) == ["group:sre"]


async def test_userinfo_is_asked_where_the_token_does_not_say_it(open_door: Open) -> None:
    door = await open_door(only_in_userinfo=("groups",))
    door.say("u-ana", ["finance"])
    ana = await door.signed_in("u-ana")
    assert await groups(ana) == ["group:finance"]
    door.say("u-ana", ["storefront"])
    await door.half_a_minute()
    assert await groups(ana) == ["group:storefront"]


async def test_a_group_taken_away_ends_here(open_door: Open) -> None:
    """S6: with a session and a stream open, a decision pending, and one approved and not sent."""
    door = await open_door()
    door.say("u-ana", ["storefront"])
    door.say("u-sam", ["sre"])
    company = door.house.company
    approved, pending = [await company.ask("ben", version, "production") for version in ("1.1.0", "1.2.0")]
    for run in (approved, pending):
        await company.drive(run)
    sam = await door.signed_in("u-sam")
    program = await sam.post("/api/v1/tokens", json={"name": "x", "scopes": ["read", "approve"]})
    token = door.house.anonymous(Authorization=f"Bearer {program.json()['secret']}")
    waiting = {one["run"]: one for one in (await sam.get("/api/v1/approvals?mine=true")).json()["items"]}
    decided = await decide(sam, waiting[approved])
    assert decided.status_code == 200, decided.text
    door.say("u-sam", [])
    await door.half_a_minute()
    assert await groups(sam) == []
    for client in (sam, token):
        assert "you are not one of them" in problem(await decide(client, waiting[pending]), 403)["detail"]
    await company.drive(RunId(approved))
    assert (await company.run(RunId(approved))).state == "waiting_approval"
    assert company.ci.posts == 0
    async with door.house.store.read() as session:
        left = (await session.scalars(select(AuditRow.facts).where(AuditRow.action == "group.left"))).all()
    assert {"group": "group:sre"} in left


async def decide(client: httpx.AsyncClient, approval: dict[str, Any]) -> httpx.Response:
    body = {"verdict": "approve", "digest": approval["digest"]}
    return await client.post(f"/api/v1/approvals/{approval['id']}/decision", json=body)


async def test_who_is_let_in_no_longer_there_is_signed_out_here(open_door: Open) -> None:
    door = await open_door()
    ana, sam = await door.signed_in("u-ana"), await door.signed_in("u-sam")
    door.say("u-ana", None)
    await door.half_a_minute()
    problem(await ana.get("/api/v1/me"), 401)
    assert (await sam.get("/api/v1/me")).status_code == 200
    await door.half_a_minute()  # a refresh token is good once; the next one was kept
    assert (await sam.get("/api/v1/me")).status_code == 200


async def test_a_provider_that_is_away_changes_nothing_until_its_word_is_too_old(open_door: Open) -> None:
    door = await open_door({"grace_minutes": 7})
    door.say("u-sam", ["sre"])
    sam = await door.signed_in("u-sam")
    made = await sam.post("/api/v1/tokens", json={"name": "x", "scopes": ["read"]})
    token = door.house.anonymous(Authorization=f"Bearer {made.json()['secret']}")
    door.provider.down = True
    await door.half_a_minute()
    assert await groups(sam) == ["group:sre"]
    assert await counts_for(door) <= timedelta(minutes=7), "as the setting says, and no longer for another try"
    await later(door, timedelta(minutes=7))
    for client in (sam, token):
        said = problem(await client.get("/api/v1/me"), 401)["detail"]
        assert "could not be asked about you lately" in said
    door.provider.down = False
    await door.half_a_minute()
    assert await groups(sam) == ["group:sre"], "it answers, so it is known again"
    assert await groups(token) == ["group:sre"]


async def test_without_refresh_tokens_a_group_taken_away_counts_as_long_as_the_setting_says(open_door: Open) -> None:
    """S6: nobody can be asked about them, so what was said at the sign-in does not count for a whole session."""
    door = await open_door({"grace_minutes": 1}, refresh=False)
    door.say("u-sam", ["sre"])
    sam = await door.signed_in("u-sam")
    made = await sam.post("/api/v1/tokens", json={"name": "x", "scopes": ["read", "approve"]})
    token = door.house.anonymous(Authorization=f"Bearer {made.json()['secret']}")
    company = door.house.company
    runs = [await company.ask("ben", version, "production") for version in ("1.1.0", "1.2.0")]
    for run in runs:
        await company.drive(run)
    for waiting in (await sam.get("/api/v1/approvals?mine=true")).json()["items"]:
        assert (await decide(sam, waiting)).status_code == 200
    door.say("u-sam", [])
    await door.half_a_minute()
    assert await groups(sam) == ["group:sre"]
    assert await counts_for(door) <= timedelta(minutes=1)
    await later(door, timedelta(minutes=1))
    for client in (sam, token):
        assert "could not be asked about you lately" in problem(await client.get("/api/v1/me"), 401)["detail"]
    await company.through(runs[0])
    assert ((await company.run(runs[0])).state, company.ci.posts) == ("succeeded", 1), "nobody has said a no (0045)"
    assert await groups(await door.signed_in("u-sam")) == []
    assert await groups(token) == [], "asked about now, and it says that they are in none"
    await company.drive(runs[1])
    assert ((await company.run(runs[1])).state, company.ci.posts) == ("waiting_approval", 1), "and that is one"


async def test_an_ended_access_ends_what_goes_on_in_that_name(open_door: Open) -> None:
    door = await open_door()
    assert door.provider.app is not None
    people = door.provider.app.people
    people["u-pat"] = people["u-sam"].model_copy(
        update={"subject": "u-pat", "name": "Pat", "claims": {"daytwo_person": "pat"}}
    )
    door.say("u-sam", ["sre"])
    door.say("u-pat", ["platform"])
    company = door.house.company
    run = await company.ask("ben", "1.1.0", "production")
    await company.drive(run)
    sam, pat = await door.signed_in("u-sam"), await door.signed_in("u-pat")
    (waiting,) = (await sam.get("/api/v1/approvals?mine=true")).json()["items"]
    assert (await decide(sam, waiting)).status_code == 200
    who = (await sam.get("/api/v1/me")).json()["id"]
    assert (await pat.delete(f"/api/v1/principals/{who}/access")).status_code == 200
    await company.drive(run)
    assert ((await company.run(run)).state, company.ci.posts) == ("waiting_approval", 0)
    async with door.house.store.read() as session:
        left = (await session.scalars(select(AuditRow).where(AuditRow.action == "group.left"))).all()
    assert [(one.subject, one.facts) for one in left] == [(f"principal:{who}", {"group": "group:sre"})]
    assert await groups(await door.signed_in("u-sam")) == ["group:sre"], "until they sign in again"


async def counts_for(door: Door) -> timedelta:
    """How long what the provider said of Sam counts from now on."""
    async with door.house.store.read() as session:
        until = await session.scalar(select(PrincipalRow.groups_until).where(PrincipalRow.subject == "u-sam"))
        assert until is not None
        return until - await door.house.store.clock.now(session)


async def later(door: Door, passed: timedelta) -> None:
    async with door.house.store.write() as tx:
        await tx.session.execute(update(PrincipalRow).values(groups_until=PrincipalRow.groups_until - passed))


async def test_a_database_with_the_schema_before_ends_nothing(open_door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API is started before `daytwo migrate`: it waits, and goes on when that is done."""
    door = await open_door()
    door.say("u-ana", ["sre"])
    ana = await door.signed_in("u-ana")
    door.say("u-ana", [])
    monkeypatch.setattr(vouching, "_PAUSE", 0.01)
    tries: list[int] = []
    once = door.rechecks.once

    async def counted() -> int:
        tries.append(1)
        return await once()

    monkeypatch.setattr(door.rechecks, "once", counted)
    async with door.house.store.write() as tx:
        await tx.session.execute(text("ALTER TABLE session RENAME COLUMN refresh TO refresh_later"))
        await tx.session.execute(text("UPDATE session SET checked_at = checked_at - interval '31 seconds'"))
    running = asyncio.create_task(door.rechecks.run())
    async with asyncio.timeout(60):
        while len(tries) < 3 and not running.done():
            await asyncio.sleep(0.01)
        async with door.house.store.write() as tx:
            await tx.session.execute(text("ALTER TABLE session RENAME COLUMN refresh_later TO refresh"))
        while not running.done() and await groups(ana):
            await asyncio.sleep(0.01)
    assert not running.done()
    running.cancel()
    assert await groups(ana) == []


async def test_what_is_asked_again_with_is_encrypted_for_its_session_alone(open_door: Open) -> None:
    door = await open_door()
    await door.signed_in("u-sam")
    assert door.provider.app is not None
    (token,) = door.provider.app._refresh
    async with door.house.store.read() as session:
        (row,) = await session.scalars(select(SessionRow).where(SessionRow.refresh.is_not(None)))
    assert row.refresh is not None
    assert token.encode() not in row.refresh
    sealing = Sealing(door.house.services.settings.key("refresh-tokens"))
    opened = sealing.open(row.refresh, row.hash)
    assert opened is not None
    assert opened.get_secret_value() == token
    assert sealing.open(row.refresh, "another session") is None
    assert Sealing(b"x" * 32).open(row.refresh, row.hash) is None


def test_a_claim_that_is_no_list_of_groups() -> None:
    claim = GroupsClaim(name="g", meaning=None)
    assert claim.of({}) == ()
    assert claim.of({"g": "sre"}) == ("group:sre",)
    for wrong in ({"g": {"sre": 1}}, {"g": 1}, {"g": ["x"] * 501}):
        with pytest.raises(TooManyGroups):
            claim.of(wrong)
