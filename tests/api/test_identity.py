"""Sessions and tokens: made once, stored hashed, ended in time, with the groups of the moment."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from api_house import House, problem
from fastapi import Request
from pydantic import SecretStr
from sqlalchemy import select

from daytwo_api.app import create_app
from daytwo_api.security import COOKIE
from daytwo_api.services.wiring import build_services
from daytwo_api.settings import ApiSettings
from daytwo_store import audit_check, entities, notifications
from daytwo_store.audit_check import Whole
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.ids import EntityRef
from daytwo_store.settings import StoreSettings
from daytwo_store.tables import AuditRow, PrincipalRow, SessionRow, TokenRow

pytestmark = pytest.mark.anyio


async def test_the_people_to_choose_from(house: House) -> None:
    choices = (await house.anonymous().get("/api/v1/session")).json()["choices"]
    assert {"name": "sam", "title": "Sam", "about": "site reliability engineer, sre"} in choices
    assert [choice["name"] for choice in choices] == ["ana", "ben", "fay", "pat", "sam"]


async def test_signing_in_gives_a_session_in_a_cookie_that_only_our_page_sends(house: House) -> None:
    client = house.anonymous()
    answer = await client.post("/api/v1/session", json={"name": "sam"})
    me = answer.json()
    assert (me["name"], me["ref"], me["groups"], me["roles"]) == (
        "Sam",
        "person:sam",
        ["group:sre"],
        ["operator", "requester", "viewer"],
    )
    assert me["scopes"] == ["read", "run", "approve", "admin"]
    assert me["sign_out"]
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"):
        assert part in cookie
    assert "Secure" not in cookie
    assert (await client.get("/api/v1/me")).json() == me
    secret = client.cookies[COOKIE]
    async with house.store.read() as session:
        (row,) = await session.scalars(select(SessionRow))
        assert len(row.hash) == 64
        assert secret not in row.hash
        assert row.expires_at - row.created_at == timedelta(hours=12)
        assert "session.opened" in list(await session.scalars(select(AuditRow.action)))


@pytest.mark.parametrize("name", ["nobody", "", "ana:x", "Ana", "../ana"])
async def test_nobody_else_can_sign_in(house: House, name: str) -> None:
    answer = await house.anonymous().post("/api/v1/session", json={"name": name})
    problem(answer, 401, "unauthenticated")
    assert "set-cookie" not in answer.headers


async def test_one_person_is_one_principal_however_often_they_sign_in(house: House) -> None:
    first, second = await house.signed_in("ana"), await house.signed_in("ana")
    assert (await first.get("/api/v1/me")).json()["id"] == (await second.get("/api/v1/me")).json()["id"]
    async with house.store.read() as session:
        assert len(list(await session.scalars(select(PrincipalRow)))) == 1


async def test_signing_in_again_ends_the_session_before(house: House) -> None:
    client = await house.signed_in("ana")
    old = client.cookies[COOKIE]
    await client.post("/api/v1/session", json={"name": "sam"})
    assert (await client.get("/api/v1/me")).json()["name"] == "Sam"
    stolen = house.anonymous(Cookie=f"{COOKIE}={old}")
    problem(await stolen.get("/api/v1/me"), 401)


async def test_a_page_of_somebody_who_was_signed_in_before_does_nothing_as_somebody_else(house: House) -> None:
    """Two windows of one browser: in one Ana was, in the other Sam has signed in since."""
    browser = house.anonymous()
    ana = (await browser.post("/api/v1/session", json={"name": "ana"})).json()
    sam = (await browser.post("/api/v1/session", json={"name": "sam"})).json()
    asked = {"name": "of Ana's window", "scopes": ["read"], "days": 1}
    as_ana, as_sam = ({"X-Daytwo-Principal": one["id"]} for one in (ana, sam))
    refused = await browser.post("/api/v1/tokens", json=asked, headers=as_ana)
    assert "Sam has signed in since" in problem(refused, 401)["detail"]
    assert (await browser.get("/api/v1/tokens", headers=as_sam)).json()["items"] == []
    assert (await browser.post("/api/v1/tokens", json=asked, headers=as_sam)).status_code == 201
    assert (await browser.get("/api/v1/me")).json()["name"] == "Sam", "so the page learns who its reader is"


async def test_signing_out_ends_the_session_on_the_server(house: House) -> None:
    client = await house.signed_in("ana")
    old = client.cookies[COOKIE]
    assert (await client.delete("/api/v1/session")).status_code == 204
    assert COOKIE not in client.cookies
    problem(await house.anonymous(Cookie=f"{COOKIE}={old}").get("/api/v1/me"), 401)
    assert (await house.anonymous().delete("/api/v1/session")).status_code == 204


async def test_a_session_ends_after_twelve_hours_and_after_two_of_no_use(house: House) -> None:
    clock = GivenClock(datetime.now(UTC))
    house.store.clock = clock
    client, idle = await house.signed_in("ana"), await house.signed_in("ana")
    for _ in range(6):
        clock.moment += timedelta(hours=2, seconds=-1)
        assert (await client.get("/api/v1/me")).status_code == 200
    problem(await idle.get("/api/v1/me"), 401)
    assert len((await client.get("/api/v1/sessions")).json()["items"]) == 1
    clock.moment += timedelta(seconds=6)
    problem(await client.get("/api/v1/me"), 401)
    await house.signed_in("sam")
    async with house.store.read() as session:
        assert len(list(await session.scalars(select(SessionRow)))) == 1


async def test_looking_whether_somebody_is_still_there_is_no_use(house: House) -> None:
    clock = GivenClock(datetime.now(UTC))
    house.store.clock = clock
    client = await house.signed_in("ana")
    headers = [(b"cookie", f"{COOKIE}={client.cookies[COOKIE]}".encode())]
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": headers})
    clock.moment += timedelta(minutes=119)
    assert await house.services.identity.still(request) is not None
    clock.moment += timedelta(minutes=1)
    assert await house.services.identity.still(request) is None


async def test_signing_out_everywhere_ends_all_sessions_of_oneself_and_no_token(house: House) -> None:
    one, other, sam = [await house.signed_in(name) for name in ("ana", "ana", "sam")]
    program = await house.token("ana", "read")
    listed = (await one.get("/api/v1/sessions")).json()["items"]
    assert [item["this"] for item in listed].count(True) == 1
    problem(await program.delete("/api/v1/sessions"), 403)
    assert (await one.delete("/api/v1/sessions")).json() == {"sessions": len(listed), "tokens": 0, "delegations": 0}
    assert COOKIE not in one.cookies
    problem(await other.get("/api/v1/me"), 401)
    assert (await sam.get("/api/v1/me")).status_code == 200
    assert (await program.get("/api/v1/me")).status_code == 200
    async with house.store.read() as session:
        entry = (await session.scalars(select(AuditRow).where(AuditRow.action == "session.closed_all"))).one()
        assert entry.facts["sessions"] == str(len(listed))


async def test_an_administrator_ends_all_that_somebody_is_signed_in_with(house: House) -> None:
    ana, pat = await house.signed_in("ana"), await house.signed_in("pat")
    program = await house.token("ana", "read", "run")
    principal = (await ana.get("/api/v1/me")).json()["id"]
    problem(await ana.delete(f"/api/v1/principals/{principal}/access"), 403)
    problem(await pat.delete("/api/v1/principals/p_nobody/access"), 404)
    ended = (await pat.delete(f"/api/v1/principals/{principal}/access")).json()
    assert ended == {"sessions": 2, "tokens": 1, "delegations": 0}
    for client in (ana, program):
        problem(await client.get("/api/v1/me"), 401)
    assert (await pat.get("/api/v1/me")).status_code == 200
    async with house.store.read() as session:
        entries = list(await session.scalars(select(AuditRow)))
        by = {entry.action: entry.actor for entry in entries}
        assert by["token.revoked"] == by["session.closed_all"] == (await pat.get("/api/v1/me")).json()["id"]
        assert isinstance(await audit_check.verify(session), Whole)


async def test_what_somebody_let_others_decide_ends_with_their_access(house: House) -> None:
    """Whoever has taken over Sam's session lends his right to a friend; Sam is told, and an administrator ends it."""
    run = await house.company.ask("ana", "1.1.0", "production")
    waiting = (await house.company.approvals(run))[-1]
    sam, fay, pat = [await house.signed_in(name) for name in ("sam", "fay", "pat")]
    me = (await sam.get("/api/v1/me")).json()
    async with house.store.read() as session:
        until = await house.store.clock.now(session) + timedelta(days=300)
    for begins in (None, (until - timedelta(days=200)).isoformat()):
        asked = {"to": "person:fay", "begins": begins, "until": until.isoformat()}
        assert (await sam.post("/api/v1/delegations", json=asked)).status_code == 201
    one = await sam.post(f"/api/v1/approvals/{waiting.id}/delegate", json={"to": "person:ben"})
    assert one.status_code == 201, one.text
    async with house.store.read() as session:
        told = {row.kind: row.audience for row in await notifications.open_ones(session)}
    assert me["id"] in told["delegation.begun"]
    assert me["id"] in told["approval.delegated"]
    body = {"verdict": "approve", "digest": waiting.digest}
    assert (await fay.post(f"/api/v1/approvals/{waiting.id}/decision", json=body)).status_code == 200
    [known] = (await pat.get("/api/v1/principals?q=Sam")).json()["items"]
    assert known["delegations"] == 3
    ended = (await pat.delete(f"/api/v1/principals/{me['id']}/access")).json()
    assert ended == {"sessions": 1, "tokens": 0, "delegations": 3}
    again = (await pat.delete(f"/api/v1/principals/{me['id']}/access")).json()
    assert again == {"sessions": 0, "tokens": 0, "delegations": 0}
    await house.company.drive(run)
    assert house.company.ci.posts == 0, "what was decided by it, and not sent, counts no more"
    fresh = (await house.company.approvals(run))[-1]
    for client in (fay, await house.signed_in("ben")):
        answer = await client.post(f"/api/v1/approvals/{fresh.id}/decision", json={**body, "digest": fresh.digest})
        problem(answer, 403)
        assert (await client.get("/api/v1/approvals?mine=true")).json()["items"] == []
    async with house.store.read() as session:
        revoked = list(await session.scalars(select(AuditRow).where(AuditRow.action == "delegation.revoked")))
        assert [entry.actor for entry in revoked] == [(await pat.get("/api/v1/me")).json()["id"]] * 3
        ends = [row.audience for row in await notifications.open_ones(session) if row.kind == "delegation.ended"]
    assert len(ends) == 3
    assert all(me["id"] in audience for audience in ends)


async def test_groups_are_those_of_the_moment(house: House) -> None:
    client = await house.signed_in("ana")
    async with house.store.write() as tx:
        ana = await entities.get(tx.session, "person:ana", sees=EVERYTHING)
        assert ana is not None
        moved = entities.Draft(
            kind="person",
            name="ana",
            title=ana.title,
            properties=ana.properties,
            relations={"memberOf": ["group:platform", "group:finance"]},
        )
        await entities.upsert(tx, moved, by="file:x")
    me = (await client.get("/api/v1/me")).json()
    assert me["groups"] == ["group:finance", "group:platform"]
    assert "admin" in me["roles"]


async def test_who_has_left_may_do_nothing_any_more(house: House) -> None:
    client, program = await house.signed_in("ana"), await house.token("ana", "read")
    assert (await program.get("/api/v1/me")).status_code == 200
    async with house.store.write() as tx:
        await entities.delete(tx, EntityRef("person:ana"), by="file:removed")
    problem(await client.get("/api/v1/me"), 401)
    problem(await program.get("/api/v1/me"), 401)


async def test_where_nobody_may_choose_a_person_sessions_count_for_nothing(
    house: House, database_url: str, make_settings: Callable[..., ApiSettings]
) -> None:
    cookie = (await house.signed_in("ana")).cookies[COOKIE]
    token = (await house.token("ana", "read")).headers["Authorization"]
    services = build_services(make_settings(sign_in="tokens"), house.store, house.temporal, backends={})
    strict = House(create_app(services), services, house.company, house.temporal)
    assert (await strict.anonymous().get("/api/v1/session")).json() == {"choices": [], "provider": None}
    problem(await strict.anonymous().post("/api/v1/session", json={"name": "ana"}), 401)
    problem(await strict.anonymous(Cookie=f"{COOKIE}={cookie}").get("/api/v1/me"), 401)
    assert (await strict.anonymous(Authorization=token).get("/api/v1/me")).json()["name"] == "Ana"
    await strict.close()


async def test_the_cookie_is_secure_where_the_page_is_reached_by_https(
    house: House, make_settings: Callable[..., ApiSettings]
) -> None:
    services = build_services(
        make_settings(public_url="https://127.0.0.1:8443"), house.store, house.temporal, backends={}
    )
    public = House(create_app(services), services, house.company, house.temporal)
    answer = await public.anonymous().post("/api/v1/session", json={"name": "ana"})
    assert "Secure" in answer.headers["set-cookie"]
    await public.close()


async def test_a_token_is_shown_once_and_stored_hashed(house: House) -> None:
    client = await house.signed_in("ana")
    made = await client.post("/api/v1/tokens", json={"name": "ci", "scopes": ["run", "read"], "days": 7})
    assert made.status_code == 201
    secret, token = made.json()["secret"], made.json()["token"]
    assert secret.startswith("dt_")
    assert len(secret) == 3 + 43
    assert token["scopes"] == ["read", "run"]
    assert token["last_used_at"] is None
    listed = await client.get("/api/v1/tokens")
    assert [item["id"] for item in listed.json()["items"]] == [token["id"]]
    assert secret not in listed.text
    program = house.anonymous(Authorization=f"Bearer {secret}")
    me = (await program.get("/api/v1/me")).json()
    assert (me["name"], me["scopes"], me["sign_out"]) == ("Ana", ["read", "run"], False)
    async with house.store.read() as session:
        row = (await session.scalars(select(TokenRow))).one()
        assert secret not in row.hash
        assert len(row.hash) == 64
        facts = {entry.action: entry.facts for entry in await session.scalars(select(AuditRow))}
        assert facts["token.created"]["scopes"] == "read run"
        assert isinstance(await audit_check.verify(session), Whole)


async def test_others_neither_see_nor_revoke_a_token_but_an_administrator_revokes_it(house: House) -> None:
    ana, sam, pat = [await house.signed_in(name) for name in ("ana", "sam", "pat")]
    token = (await ana.post("/api/v1/tokens", json={"name": "ci"})).json()["token"]["id"]
    assert (await sam.get("/api/v1/tokens")).json()["items"] == []
    assert "Nothing was revoked" in problem(await sam.delete(f"/api/v1/tokens/{token}"), 404)["detail"]
    assert (await pat.delete(f"/api/v1/tokens/{token}")).status_code == 204
    problem(await ana.delete(f"/api/v1/tokens/{token}"), 404)
    assert (await ana.get("/api/v1/tokens")).json()["items"][0]["revoked_at"] is not None


async def test_a_revoked_token_opens_nothing(house: House) -> None:
    program = await house.token("ana", "read", "run")
    ana = await house.signed_in("ana")
    (token,) = (await ana.get("/api/v1/tokens")).json()["items"]
    assert (await ana.delete(f"/api/v1/tokens/{token['id']}")).status_code == 204
    problem(await program.get("/api/v1/me"), 401)


async def test_a_token_makes_no_token_and_revokes_only_itself(house: House) -> None:
    program = await house.token("ana", "read")
    ana = await house.signed_in("ana")
    other = (await ana.post("/api/v1/tokens", json={"name": "other"})).json()["token"]["id"]
    mine = next(item["id"] for item in (await ana.get("/api/v1/tokens")).json()["items"] if item["id"] != other)
    problem(await program.post("/api/v1/tokens", json={"name": "x"}), 403)
    problem(await program.delete(f"/api/v1/tokens/{other}"), 403)
    assert (await program.delete(f"/api/v1/tokens/{mine}")).status_code == 204
    problem(await program.get("/api/v1/me"), 401)


@pytest.mark.parametrize(
    ("asked", "status", "pointer"),
    [
        ({"name": "x", "scopes": ["read", "everything"]}, 422, "/scopes/1"),
        ({"name": "x", "scopes": []}, 422, "/scopes"),
        ({"name": ""}, 422, "/name"),
        ({"name": "x", "days": 366}, 422, "/days"),
        ({"name": "x", "days": 0}, 422, "/days"),
        ({"name": "x", "scopes": ["admin"]}, 403, None),
    ],
)
async def test_a_token_that_cannot_be_made(house: House, asked: object, status: int, pointer: str | None) -> None:
    answer = await (await house.signed_in("ana")).post("/api/v1/tokens", json=asked)
    said = problem(answer, status)
    assert [fault["pointer"] for fault in said["errors"]] == ([pointer] if pointer else [])


async def test_a_token_of_an_administrator_administers_only_if_it_may(house: House) -> None:
    reading, full = await house.token("pat", "read"), await house.token("pat", "read", "admin")
    problem(await reading.get("/api/v1/audit"), 403)
    assert (await full.get("/api/v1/audit")).status_code == 200


async def test_a_token_expires_and_its_use_is_noted_once_a_minute(house: House) -> None:
    clock = GivenClock(datetime.now(UTC))
    house.store.clock = clock
    program = await house.token("ana", "read")

    async def used() -> datetime | None:
        async with house.store.read() as session:
            moment: datetime | None = (await session.scalars(select(TokenRow.last_used_at))).one()
            return moment

    first = clock.moment
    await program.get("/api/v1/me")
    assert await used() == first
    clock.moment += timedelta(seconds=59)
    await program.get("/api/v1/me")
    assert await used() == first
    clock.moment += timedelta(seconds=1)
    await program.get("/api/v1/me")
    assert await used() == clock.moment
    clock.moment = first + timedelta(days=30, seconds=-1)
    assert (await program.get("/api/v1/me")).status_code == 200
    clock.moment += timedelta(seconds=1)
    problem(await program.get("/api/v1/me"), 401)


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer dt_", "Basic dt_x", "dt_x", "Bearer x" * 500, "Bearer dt_\xff"]
)
async def test_a_wrong_token_is_nobody(shared: House, header: str) -> None:
    problem(await shared.anonymous().get("/api/v1/me", headers=[("Authorization", header.encode("latin-1"))]), 401)


async def test_a_database_that_does_not_answer_is_not_a_wrong_session(shared: House) -> None:
    cookie = (await shared.signed_in("ana")).cookies[COOKIE]
    url = "postgresql://nobody@127.0.0.1:1/none"
    away = Store(StoreSettings(url=SecretStr(url), connect_timeout=timedelta(seconds=1)))
    services = build_services(shared.services.settings, away, shared.temporal, backends={})
    broken = House(create_app(services), services, shared.company, shared.temporal)
    answer = await broken.anonymous(Cookie=f"{COOKIE}={cookie}").get("/api/v1/me")
    assert "safe" in problem(answer, 503, "unavailable")["detail"]
    assert answer.headers["retry-after"] == "2"
    await broken.close()
    await away.close()
