"""Events of other systems: who may tell of them, what is kept, and that it is kept once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from api_house import House, problem
from event_senders import signed
from sqlalchemy import select, update

from daytwo_store.tables import EventRow
from daytwo_workflows.event_sources import EventSourceEntry, open_sources
from daytwo_workflows.secret_files import SettingsRejected

pytestmark = pytest.mark.anyio
CHANGES, ALERTS = "/api/v1/events/changes", "/api/v1/events/alerts"
TOKEN = {"authorization": "Bearer token-of-the-alerts"}


async def kept(house: House, source: str) -> Sequence[EventRow]:
    async with house.store.read() as session:
        rows = await session.scalars(select(EventRow).where(EventRow.source == source).order_by(EventRow.id))
        return rows.all()


async def test_a_signed_event_is_kept_once_with_its_key(house: House) -> None:
    outside = house.anonymous()
    headers, body = signed({"change": {"number": "CHG-1"}, "verdict": "go"})
    first = await outside.post(CHANGES, headers=headers, content=body)
    assert (first.status_code, first.json()) == (202, {"stored": True, "key": "CHG-1"})
    again, other = signed({"change": {"number": "CHG-2"}})  # the same name of a delivery: the first is what counts
    assert (await outside.post(CHANGES, headers=again, content=other)).json()["stored"] is False
    [row] = await kept(house, "changes")
    assert (row.key, row.delivery, row.payload["verdict"]) == ("CHG-1", "msg_1", "go")


@pytest.mark.parametrize("what", ["nothing", "signature", "body", "late", "rubbish"])
async def test_who_does_not_sign_it_stores_nothing(house: House, what: str) -> None:
    headers, body = signed({"change": {"number": "CHG-1"}})
    if what == "nothing":
        headers = {}
    elif what == "signature":
        headers["webhook-signature"] = "v1,AAAA"
    elif what == "rubbish":
        headers["webhook-signature"] = "no comma at all"
    elif what == "body":
        body += b" "
    else:
        headers, body = signed({"change": {"number": "CHG-1"}}, at=datetime.now(UTC) - timedelta(minutes=6))
    answer = await house.anonymous().post(CHANGES, headers=headers, content=body)
    assert "Nothing was stored" in problem(answer, 401, "unauthenticated")["detail"]
    assert await kept(house, "changes") == []


@pytest.mark.parametrize("name", ["webhook-signature", "webhook-id", "Webhook-Timestamp"])
async def test_what_says_twice_who_it_is_stores_nothing(house: House, name: str) -> None:
    """S24."""
    headers, body = signed({"change": {"number": "CHG-1"}})
    twice = [*headers.items(), (name, headers[name.lower()])]
    answer = await house.anonymous().post(CHANGES, headers=twice, content=body)
    assert f"the header {name.lower()} is there more than once" in problem(answer, 401, "unauthenticated")["detail"]
    other = [*TOKEN.items(), ("authorization", "Bearer other")]
    problem(await house.anonymous().post(ALERTS, headers=other, json={"key": 7}), 401)
    assert [*await kept(house, "changes"), *await kept(house, "alerts")] == []


async def test_a_token_lets_in_who_cannot_sign(house: House) -> None:
    outside = house.anonymous()
    for headers in ({}, {"authorization": "Bearer token-of-the-alertsX"}, {"authorization": "Basic dG9rZW4="}):
        problem(await outside.post(ALERTS, headers=headers, json={}), 401)
    for _ in range(2):  # the same bytes are the same event where nobody names it
        assert (await outside.post(ALERTS, headers=TOKEN, json={"key": 7})).status_code == 202
    await outside.post(ALERTS, headers={**TOKEN, "idempotency-key": "other"}, json={"key": 7})
    assert [row.key for row in await kept(house, "alerts")] == ["7", "7"]


async def test_the_same_bytes_some_minutes_later_are_another_event(house: House) -> None:
    """Alertmanager names no delivery, and an alert that still fires comes in the same bytes every few hours."""

    async def stored(minutes_later: int) -> object:
        async with house.store.write() as tx:
            earlier = EventRow.received_at - timedelta(minutes=minutes_later)
            await tx.session.execute(update(EventRow).values(received_at=earlier))
        return (await house.anonymous().post(ALERTS, headers=TOKEN, json={"key": 7})).json()["stored"]

    assert [await stored(later) for later in (0, 4, 2, 4, 2)] == [True, False, True, False, True]
    assert len({row.delivery for row in await kept(house, "alerts")}) == 3


@pytest.mark.parametrize("body", ["", "[]", '"a"', "{", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\u0000"}', '{"a":' * 99])
async def test_what_cannot_be_kept_is_refused(house: House, body: str) -> None:
    answer = await house.anonymous().post(ALERTS, headers=TOKEN, content=body.encode())
    problem(answer, 422, "rejected")
    assert await kept(house, "alerts") == []


@pytest.mark.parametrize("payload", [{}, {"key": None}, {"key": {}}, {"key": True}, {"key": ""}, {"key": "x" * 501}])
async def test_an_event_without_a_key_is_kept_all_the_same(house: House, payload: object) -> None:
    answer = await house.anonymous().post(ALERTS, headers=TOKEN, json=payload)
    assert answer.json() == {"stored": True, "key": None}


async def test_an_event_may_be_larger_than_a_request_of_ours_and_not_without_end(house: House) -> None:
    outside = house.anonymous()
    large = {"key": "a", "alerts": ["x" * 1000] * 900}
    assert (await outside.post(ALERTS, headers=TOKEN, json=large)).status_code == 202
    problem(await outside.post(ALERTS, headers=TOKEN, json={"alerts": ["x" * 1000] * 1100}), 413)


@pytest.mark.parametrize("key", ["${{ inputs.a }}", "${{ event. }}", "${{ user.name }}"])
def test_a_key_that_names_anything_else_starts_nothing(key: str) -> None:
    with pytest.raises(SettingsRejected, match=r"events\.alerts\.key"):
        open_sources({"alerts": EventSourceEntry.model_construct(secret_files=(), token_files=(), key=key)})
