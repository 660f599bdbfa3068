"""Signing in through the identity provider (a stand-in of one, on a real port), and everything that is refused."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
import yaml
from api_house import House, problem
from id_provider import AtWork, local, oidc_settings, provider_at_work
from served import served
from sqlalchemy import select
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from daytwo_api.app import create_app
from daytwo_api.process import meet_provider
from daytwo_api.refusals import Refusal
from daytwo_api.security import COOKIE
from daytwo_api.services.too_many import Refusals
from daytwo_api.services.wiring import build_services
from daytwo_api.settings import ApiSettings
from daytwo_api.ticket import COOKIE as TICKET
from daytwo_api.ticket import new_ticket, own_path, read_ticket
from daytwo_store import entities
from daytwo_store.ids import EntityRef
from daytwo_store.tables import PrincipalRow
from daytwo_workflows.secret_files import SettingsRejected

pytestmark = pytest.mark.anyio
BEGIN = "/api/v1/session/oidc"


@dataclass
class Door:
    """A house whose people sign in through a provider."""

    house: House
    provider: AtWork

    async def sent_back(self, client: httpx.AsyncClient, subject: str, *, back_to: str = "/") -> str:
        """The address at which the browser comes back."""
        begun = await client.get(BEGIN, params={"back_to": back_to})
        assert begun.status_code == 303, begun.text
        return local(await self.provider.choose(begun.headers["location"], subject))

    async def signed_in(self, subject: str) -> httpx.AsyncClient:
        client = self.house.anonymous()
        answer = await client.get(await self.sent_back(client, subject))
        assert answer.status_code == 303, answer.text
        return client


@pytest.fixture(scope="module")
async def provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AtWork]:
    async with provider_at_work(tmp_path_factory.mktemp("provider")) as at_work:
        yield at_work


MakeDoor = Callable[..., Awaitable[Door]]


@pytest.fixture(scope="module")
async def make_door(
    shared: House, provider: AtWork, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[MakeDoor]:
    houses: list[House] = []

    async def make(**changes: Any) -> Door:
        given = shared.services.settings.model_dump(exclude={"connections"}, exclude_none=True)
        given |= oidc_settings(tmp_path_factory.mktemp("door"), provider.url, **changes)
        services = build_services(ApiSettings.model_validate(given), shared.store, shared.temporal, backends={})
        services.loading.done = True
        assert services.sign_in.provider is not None
        await services.sign_in.provider.discover()
        houses.append(House(create_app(services), services, shared.company, shared.temporal))
        return Door(houses[-1], provider)

    yield make
    for house in houses:
        assert house.services.sign_in.provider is not None
        house.services.sign_in.provider.close()
        await house.close()


@pytest.fixture(scope="module")
async def door(make_door: MakeDoor) -> Door:
    return await make_door()


def says(answer: httpx.Response, status: int, *words: str) -> None:
    """A page for a person, that opens nothing."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in answer.text
    assert COOKIE not in answer.headers.get("set-cookie", "")
    for word in (*words, answer.headers["x-request-id"]):
        assert word in answer.text


async def test_somebody_signs_in_and_comes_back_to_where_they_were(door: Door) -> None:
    client = door.house.anonymous()
    offered = (await client.get("/api/v1/session")).json()
    assert offered == {"choices": [], "provider": {"title": "your company", "path": BEGIN}}
    begun = await client.get(BEGIN, params={"back_to": "/runs?state=running"})
    asked = dict(parse_qsl(urlsplit(begun.headers["location"]).query))
    assert (asked["response_type"], asked["code_challenge_method"], asked["scope"]) == ("code", "S256", "openid")
    assert len(asked["state"]) == len(asked["nonce"]) == len(asked["code_challenge"]) == 43
    for part in ("HttpOnly", "SameSite=lax", f"Path={BEGIN}", "Max-Age=600"):
        assert part in begun.headers["set-cookie"]
    back = local(await door.provider.choose(begun.headers["location"], "u-ana"))
    answer = await client.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs?state=running")
    session = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE))
    for part in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert part in session
    assert TICKET not in client.cookies
    me = (await client.get("/api/v1/me")).json()
    assert (me["name"], me["ref"], me["groups"], me["sign_out"]) == ("Ana", "person:ana", ["group:storefront"], True)
    async with door.house.store.read() as read:
        row = (await read.scalars(select(PrincipalRow).where(PrincipalRow.subject == "u-ana"))).one()
    assert (row.issuer, row.id) == (door.provider.url, me["id"])
    assert (await client.delete("/api/v1/session")).status_code == 204
    problem(await client.get("/api/v1/me"), 401)


async def test_guessed_answers_are_slowed_down_and_who_really_comes_back_is_let_in(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S43: each guess has a ticket of its own, and costs a question to the provider."""
    settings = door.house.services.settings
    assert door.house.services.sign_in._refusals._limit == settings.refusals_per_minute
    monkeypatch.setattr(door.house.services.sign_in, "_refusals", Refusals(most=5, counted=Refusal))
    seen = []
    for number in range(8):
        client = door.house.anonymous()
        begun = await client.get(BEGIN)
        (state,) = parse_qs(urlsplit(begun.headers["location"]).query)["state"]
        guess = {"state": state, "code": f"guess-{number}", "iss": door.provider.url}
        seen.append((await client.get(f"{BEGIN}/callback", params=guess)).status_code)
    assert seen == [400] * 5 + [429] * 3
    forged = await door.house.anonymous().get(f"{BEGIN}/callback", params={"state": "x", "code": "y"})
    says(forged, 429, "Too many sign-ins", "not signed in")
    await door.signed_in("u-ana")  # from the same address


async def test_the_same_person_is_the_same_principal(door: Door) -> None:
    first, second = await door.signed_in("u-ana"), await door.signed_in("u-ana")
    assert (await first.get("/api/v1/me")).json()["id"] == (await second.get("/api/v1/me")).json()["id"]


async def test_nobody_is_anybody_by_choosing_and_people_of_another_issuer_are_nobody(door: Door, shared: House) -> None:
    cookie = (await shared.signed_in("ana")).cookies[COOKIE]
    token = (await shared.token("pat", "read")).headers["Authorization"]
    anonymous = door.house.anonymous()
    problem(await anonymous.post("/api/v1/session", json={"name": "ana"}), 401)
    problem(await door.house.anonymous(Cookie=f"{COOKIE}={cookie}").get("/api/v1/me"), 401)
    problem(await door.house.anonymous(Authorization=token).get("/api/v1/me"), 401)
    problem(await shared.anonymous().get(BEGIN), 404)


async def test_an_answer_is_good_once_in_the_browser_that_asked(door: Door) -> None:
    client, other = door.house.anonymous(), door.house.anonymous()
    back = await door.sent_back(client, "u-ana")
    await other.get(BEGIN)
    says(await other.get(back), 400, "not known any more")  # somebody's own link, opened by another
    says(await door.house.anonymous().get(back), 400, "not known any more")
    kept = client.cookies[TICKET]
    assert (await client.get(back)).status_code == 303
    again = door.house.anonymous(Cookie=f"{TICKET}={kept}")
    says(await again.get(back), 400, "did not take its code back (invalid_grant)")


def changed(address: str, **change: str | None) -> str:
    parts = urlsplit(address)
    told = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return f"{parts.path}?{urlencode({k: v for k, v in {**told, **change}.items() if v is not None})}"


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"state": "other"}, 400, "not known any more"),
        ({"state": None}, 400, "not known any more"),
        ({"iss": "https://evil.example"}, 400, "another provider"),
        ({"iss": None}, 400, "another provider"),
        ({"code": None}, 400, "no code"),
        ({"code": "guessed"}, 400, "did not take its code back"),
        ({"code": "x" * 5_000}, 400, "no code"),
        ({"error": "access_denied"}, 403, "was declined there"),
        ({"error": "<script>alert(1)</script>"}, 400, "it could not"),
    ],
)
async def test_an_answer_that_was_changed_opens_nothing(
    door: Door, change: dict[str, str | None], status: int, said: str
) -> None:
    client = door.house.anonymous()
    says(await client.get(changed(await door.sent_back(client, "u-ana"), **change)), status, said)
    problem(await client.get("/api/v1/me"), 401)


async def test_a_parameter_that_comes_twice_counts_for_nothing(door: Door) -> None:
    client = door.house.anonymous()
    back = await door.sent_back(client, "u-ana")
    says(await client.get(f"{back}&state=x"), 400, "not known any more")


async def test_who_declines_there_is_told_so(door: Door) -> None:
    client = door.house.anonymous()
    says(await client.get(await door.sent_back(client, "nobody")), 403, "was declined there")


async def test_an_account_that_is_nobody_in_the_catalog_gets_in_nowhere(door: Door) -> None:
    client = door.house.anonymous()
    says(await client.get(await door.sent_back(client, "u-eve")), 403, "daytwo_person", "names nobody")


async def named(door: Door, name: str, subject: str) -> None:
    """Write the subject into the person's entity."""
    async with door.house.store.write() as tx:
        person = await entities.get(tx.session, f"person:{name}", sees="everything")
        assert person is not None
        draft = entities.Draft(
            kind="person",
            name=name,
            title=person.title,
            properties={**person.properties, "subject": subject},
            relations=person.relations,
        )
        await entities.upsert(tx, draft, by="file:test.yaml")


async def test_people_are_found_by_their_subject_in_the_catalog_for_as_long_as_it_stands_there(
    make_door: MakeDoor,
) -> None:
    door = await make_door(person_claim=None)
    client = door.house.anonymous()
    says(await client.get(await door.sent_back(client, "u-sam")), 403, "no person in the catalog has u-sam")
    await named(door, "sam", "u-sam")
    sam = await door.signed_in("u-sam")
    assert (await sam.get("/api/v1/me")).json()["groups"] == ["group:sre"]
    await named(door, "ana", "u-sam")
    says(await client.get(await door.sent_back(client, "u-sam")), 403, "more than one person")
    await named(door, "sam", "u-other")
    problem(await sam.get("/api/v1/me"), 401)


async def test_while_the_provider_is_away_sessions_go_on_and_nobody_new_gets_in(door: Door) -> None:
    ana, client = await door.signed_in("u-ana"), door.house.anonymous()
    back = await door.sent_back(client, "u-sam")
    door.provider.down = True
    says(await client.get(back), 503, "nobody new can be until it answers again")
    assert (await ana.get("/api/v1/me")).status_code == 200
    ready = await ana.get("/readyz")
    assert ready.status_code == 200
    assert "nobody new gets in" in next(part for part in ready.json()["parts"] if part["name"] == "sign-in")["detail"]
    door.provider.down = False
    await door.signed_in("u-sam")
    assert "nobody new" not in (await ana.get("/readyz")).text


async def test_a_client_secret_that_the_provider_does_not_know_lets_nobody_in(
    make_door: MakeDoor, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("another")
    door = await make_door(client_secret_file=wrong)
    client = door.house.anonymous()
    answer = await client.get(await door.sent_back(client, "u-ana"))
    says(answer, 400, "did not take its code back (invalid_client)")
    assert "another" not in answer.text.replace("another browser", "")


@pytest.mark.parametrize(
    "asked",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\nSet-Cookie: x=1",
        "/api/v1/session/oidc",
        "evil",
        "",
        "/" + "a" * 1_001,
    ],
)
def test_a_redirect_leads_to_our_own_page_only(asked: str) -> None:
    assert own_path(asked) == "/"
    assert new_ticket(b"k" * 32, back_to=asked, now=0).back_to == "/"


@pytest.mark.parametrize("asked", ["/runs/r_1?tab=log#L120", "/#//evil.example"])
def test_a_redirect_keeps_the_line_of_a_log_which_leads_nowhere_else(asked: str) -> None:
    assert new_ticket(b"k" * 32, back_to=asked, now=0).back_to == asked
    assert own_path("//evil.example/#L120") == "/"


def test_a_ticket_is_good_for_ten_minutes_under_our_key_as_it_was_given() -> None:
    ticket = new_ticket(b"k" * 32, back_to="/runs/r_1", now=1_000)
    state = ticket.secrets.state
    assert read_ticket(b"k" * 32, ticket.cookie, state=state, now=1_599) == ticket
    assert read_ticket(b"k" * 32, ticket.cookie, state=state, now=1_600) is None
    assert read_ticket(b"x" * 32, ticket.cookie, state=state, now=1_001) is None
    until, random, path = ticket.cookie.split(".")
    for spoilt in (f"9{until}.{random}.{path}", f"{until}.{random}.L2V2aWw", f"{until}.{random}", "", "\xff" * 9):
        assert read_ticket(b"k" * 32, spoilt, state=state, now=1_001) is None
    assert len({ticket.secrets.state, ticket.secrets.nonce, ticket.secrets.verifier}) == 3


# --- settings, and a start that is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": "http://id.example"}, "https"),
        ({"issuer": "nonsense"}, "web address"),
        ({"client_secret_file": None}, "client_secret_file"),
        ({"client_id": ""}, "client_id"),
        ({"person_claim": "email"}, "no e-mail address"),
        ({"person_claim": "preferred_username"}, "no e-mail address"),
        ({"person_property": "subject"}, "two ways"),
        ({"scopes": ["profile"]}, "openid"),
    ],
)
def test_settings_that_let_the_wrong_people_in_are_refused(
    tmp_path: Path, make_settings: Callable[..., ApiSettings], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        make_settings(**oidc_settings(tmp_path, "https://id.example", **changes))


def test_a_provider_that_nobody_is_sent_to_is_refused(
    tmp_path: Path, make_settings: Callable[..., ApiSettings]
) -> None:
    given = oidc_settings(tmp_path, "https://id.example")
    for change, said in [
        ({"sign_in": "people"}, "of no use"),
        ({"public_url": None}, "public_url"),
        ({"public_url": "http://daytwo.example"}, "https"),
        ({"oidc": None}, "needs `oidc`"),
    ]:
        with pytest.raises(ValueError, match=said):
            make_settings(**{**given, **change})
    (tmp_path / "client-secret").write_text("two words")
    with pytest.raises(SettingsRejected, match="visible ASCII"):
        make_settings(**given).oidc.secret()  # type: ignore[union-attr]  # it is there


async def start(folder: Path, database_url: str, issuer: str) -> tuple[int, str]:
    """The exit code of an API process, and what it said."""
    (folder / "key").write_text(secrets.token_hex(32))
    (folder / "secret").write_text("s3cret")
    oidc = {"issuer": issuer, "client_id": "daytwo", "client_secret_file": "secret"}
    settings = {"sign_in": "oidc", "public_url": "http://127.0.0.1:1", "oidc": oidc, "secret_file": "key"}
    (folder / "daytwo.yaml").write_text(yaml.safe_dump({**settings, "database_url": database_url, "api_port": 0}))
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("daytwo")), "serve", "api"),
        env={**os.environ, "DAYTWO_CONFIG": str(folder / "daytwo.yaml")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(150):
            _, said = await process.communicate()
    except TimeoutError:
        process.send_signal(signal.SIGKILL)
        await process.wait()
        raise
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_a_start_with_a_provider_that_does_not_answer_refuses_to_serve(tmp_path: Path, database_url: str) -> None:
    code, said = await start(tmp_path, database_url, "http://127.0.0.1:9")
    assert code == 2
    assert "the connection was refused. Nothing was started" in said
    assert "s3cret" not in said


MALFORMED = {
    "page": ("<html>Welcome</html>", "Nothing was started"),
    "nothing": ("{}", "another issuer"),
    "old": ('{"issuer": "ISSUER", "code_challenge_methods_supported": ["plain"]}', "PKCE with S256"),
}


async def test_a_start_with_a_provider_that_makes_no_sense_refuses_to_serve(tmp_path: Path, database_url: str) -> None:
    """As users start it, each with another document that a provider says of itself."""
    origin: list[str] = []

    async def provider(scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].split("/")[1]
        document = MALFORMED[name][0].replace("ISSUER", f"{origin[0]}/{name}")
        await PlainTextResponse(document, media_type="application/json")(scope, receive, send)

    async with served(provider) as (url, _):
        origin.append(url)
        for name in MALFORMED:
            (tmp_path / name).mkdir()
        starts = (start(tmp_path / name, database_url, f"{url}/{name}") for name in MALFORMED)
        ends = dict(zip(MALFORMED, await asyncio.gather(*starts), strict=True))
    for name, (_, expected) in MALFORMED.items():
        code, said = ends[name]
        assert code == 2, said
        assert expected in said
        assert "Nothing was started" in said
        assert "Traceback" not in said


async def test_a_start_with_a_provider_of_another_name_refuses_to_serve(door: Door, tmp_path: Path) -> None:
    given = door.house.services.settings.model_dump(exclude={"connections"}, exclude_none=True)
    given |= oidc_settings(tmp_path, f"{door.provider.url}/")
    services = build_services(ApiSettings.model_validate(given), door.house.store, door.house.temporal, backends={})
    with pytest.raises(SettingsRejected, match=r"another issuer.* Nothing was started"):
        await meet_provider(services)
    assert services.sign_in.provider is not None
    services.sign_in.provider.close()


async def test_a_person_who_left_the_catalog_is_nobody(door: Door) -> None:
    ana = await door.signed_in("u-ana")
    async with door.house.store.write() as tx:
        await entities.delete(tx, EntityRef("person:ana"), by="file:removed")
    problem(await ana.get("/api/v1/me"), 401)
