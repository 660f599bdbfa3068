"""Locks, connections, the audit, readiness and numbers."""

from dataclasses import replace
from datetime import timedelta

import pytest
from api_house import House, problem
from hiding import hide
from pydantic import SecretStr
from sqlalchemy import text, update

from daytwo_api.app import create_app
from daytwo_api.metrics import Metrics
from daytwo_api.services.overview import Connections
from daytwo_api.services.wiring import build_services
from daytwo_store import connections, entities, inbox
from daytwo_store.connections import Allowance, Polling
from daytwo_store.engine import Store
from daytwo_store.ids import ConnectionName, EntityRef, ExternalRunId
from daytwo_store.inbox import Delivery
from daytwo_store.settings import StoreSettings
from daytwo_store.tables import ConnectionRow

pytestmark = pytest.mark.anyio


async def test_locks_with_who_holds_them_and_who_waits(house: House) -> None:
    company = house.company
    company.ci.ends_as = None
    first = await company.ask("ana", "1.1.0", "staging")
    await company.drive(first)
    second = await company.ask("ben", "1.2.0", "staging")
    await company.drive(second)
    ana = await house.signed_in("ana")
    (lock,) = (await ana.get("/api/v1/locks")).json()["items"]
    assert (lock["key"], lock["holder_run"], lock["queued"]) == ("shop/staging", first, [second])


async def test_a_lock_on_what_may_not_be_seen_is_not_shown(house: House) -> None:
    company = house.company
    company.ci.ends_as = None
    await company.drive(await company.ask("ana", "1.1.0", "staging"))
    async with house.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees="everything")
        assert shop is not None
        hidden = entities.Draft(
            kind="service", name="shop", title="Shop", properties=shop.properties, visible_to=("group:finance",)
        )
        await entities.upsert(tx, hidden, by="file:x")
    for name, number in (("ben", 0), ("sam", 0), ("fay", 1), ("ana", 1)):  # ana asked for it herself
        client = await house.signed_in(name)
        assert len((await client.get("/api/v1/locks")).json()["items"]) == number, name
    async with house.store.write() as tx:
        await entities.delete(tx, EntityRef("service:shop"), by="file:removed")
    assert (await (await house.signed_in("ben")).get("/api/v1/locks")).json()["items"] == []


async def test_the_audit_is_for_administrators_newest_first_in_pages(house: House) -> None:
    problem(await (await house.signed_in("sam")).get("/api/v1/audit"), 403, "forbidden")
    pat = await house.signed_in("pat")
    first = (await pat.get("/api/v1/audit", params={"limit": 5})).json()
    numbers = [entry["number"] for entry in first["items"]]
    assert numbers == sorted(numbers, reverse=True)
    rest = (await pat.get("/api/v1/audit", params={"limit": 5, "cursor": first["next_cursor"]})).json()
    assert rest["items"][0]["number"] == numbers[-1] - 1
    about = (await pat.get("/api/v1/audit", params={"subject": "entity:service:shop"})).json()["items"]
    assert [entry["action"] for entry in about] == ["entity.created"]
    assert len(about[0]["hash"]) == 64


async def test_connections_say_how_their_last_call_went_and_never_a_credential(shared: House) -> None:
    ana = await shared.signed_in("ana")
    answer = await ana.get("/api/v1/connections")
    assert "ghp_example" not in answer.text
    assert answer.json()["items"] == [
        {
            "name": "github",
            "backend": "github",
            "title": "Memory",
            "address": "https://ci.example",
            "reachable": None,
            "last_error": None,
            "live_logs": False,
            "limit": None,
            "budget_left": None,
            "resets_at": None,
            "held_until": None,
            "requests": 0,
            "allowance": 20_000,
            "pace": None,
            "projects": 0,
            "open_runs": 0,
            "polled_at": None,
            "stream": None,
            "webhook_at": None,
        }
    ]


async def test_connections_say_what_is_left_and_until_when_they_are_left_alone(house: House) -> None:
    async with house.store.write() as tx:
        told = Allowance(
            limit=5000,
            remaining=4321,
            resets_at=tx.now + timedelta(minutes=30),
            held_until=tx.now + timedelta(minutes=2),
        )
        await connections.learn(tx, "github", told)
        await connections.learn(tx, "github", replace(told, held_until=None))  # another process was told nothing
        polling = Polling(pace=28.8, projects=20, open_runs=1000, requests=2400, streams=None)
        await connections.report(tx, "github", polling)
        for late in (70.5, 12.0):  # the most of a day counts
            await connections.listed_late(tx, "github", late)
        await connections.listed_late(tx, "before", 99.0)
        await connections.listed_late(tx, "again", 99.0)
        await tx.session.execute(
            update(ConnectionRow)
            .where(ConnectionRow.name.in_(("before", "again")))
            .values(listing_lag_at=tx.now - timedelta(days=2))
        )
        await connections.listed_late(tx, "again", 5.0)
    ana = await house.signed_in("ana")
    [seen] = (await ana.get("/api/v1/connections")).json()["items"]
    assert (seen["limit"], seen["budget_left"], seen["pace"], seen["open_runs"]) == (5000, 4321, 28.8, 1000)
    assert seen["held_until"] is not None, "a wait is never made shorter"
    told = (await house.anonymous().get("/metrics")).text
    assert 'daytwo_ci_budget_limit{connection="github"} 5000.0' in told
    assert 'daytwo_ci_budget_left{connection="github"} 4321.0' in told
    for name, late in (("github", 70.5), ("before", 0.0), ("again", 5.0)):
        assert f'daytwo_ci_listing_lag_seconds{{connection="{name}"}} {late}' in told
    held = float(told.partition('daytwo_ci_held_seconds{connection="github"} ')[2].split()[0])
    assert 60 < held <= 120


async def test_deliveries_are_listed_for_administrators_in_pages(house: House) -> None:
    house.company.ci.ends_as = None
    run = await house.company.ask("ana", "1.1.0", "staging")
    await house.company.drive(run)
    async with house.store.write() as tx:
        for number in range(5):
            external = ExternalRunId("1" if number else "99")
            event = "workflow_run.completed"
            await inbox.store(
                tx,
                Delivery(connection="github", delivery=f"d-{number}", external=external, project_id="1", event=event),
            )
    pat = await house.signed_in("pat")
    where = "/api/v1/connections/github/webhooks"
    first = (await pat.get(where, params={"limit": 3})).json()
    assert [(one["delivery"], one["run"]) for one in first["items"]] == [("d-4", run), ("d-3", run), ("d-2", run)]
    rest = (await pat.get(where, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [(one["delivery"], one["run"]) for one in rest["items"]] == [("d-1", run), ("d-0", None)]
    assert rest["next_cursor"] is None
    await hide(house.store, EntityRef("service:shop"), "group:finance")
    hidden = (await pat.get(where)).json()["items"]
    assert [(one["delivery"], one["run"]) for one in hidden] == [(f"d-{number}", None) for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("status", "reachable", "error"),
    [(200, True, None), (304, True, None), (401, True, "tags: answered 401"), (502, False, "tags: answered 502"),
     (None, False, "tags: no answer")],
)  # fmt: skip
def test_what_a_backend_observes(status: int | None, reachable: bool, error: str | None) -> None:
    metrics, known = Metrics(), Connections({})
    observe = known.observer(ConnectionName("github"), metrics.observer("github"))
    observe("tags", 200, 0.1, 4000)
    observe("tags", status, 0.1, None)
    health = known.health[ConnectionName("github")]
    assert (health.reachable, health.last_error, health.budget_left) == (reachable, error, 4000)
    text = metrics.text().decode()
    assert 'daytwo_ci_budget_left{connection="github"} 4000.0' in text
    assert f'status="{status or "none"}"' in text


async def test_ready_when_everything_answers(house: House) -> None:
    answer = await house.anonymous().get("/readyz")
    assert answer.status_code == 200
    assert [part["name"] for part in answer.json()["parts"]] == [
        "store",
        "migrations",
        "company",
        "policy",
        "people",
        "temporal",
    ]
    assert (await house.anonymous().get("/livez")).json() == {"alive": True}


async def test_not_ready_without_temporal_and_before_the_files_are_loaded(house: House) -> None:
    house.temporal.answers = False
    house.services.loading.done = False
    answer = await house.anonymous().get("/readyz")
    assert answer.status_code == 503
    parts = {part["name"]: part for part in answer.json()["parts"]}
    assert {name for name, part in parts.items() if not part["ok"]} == {"company", "temporal"}
    assert "start when it is back" in parts["temporal"]["detail"]


async def test_not_ready_with_an_old_schema(house: House) -> None:
    async with house.store.write() as tx:
        await tx.session.execute(text("update alembic_version set version_num = 'before'"))
    answer = await house.anonymous().get("/readyz")
    assert answer.status_code == 503
    assert "run `daytwo migrate`" in answer.text


async def test_a_database_that_is_away_leaves_numbers_without_gauges_and_not_ready(shared: House) -> None:
    url = SecretStr("postgresql://nobody@127.0.0.1:1/none")
    away = Store(StoreSettings(url=url, connect_timeout=timedelta(seconds=1)))
    services = build_services(shared.services.settings, away, shared.temporal, backends={})
    broken = House(create_app(services), services, shared.company, shared.temporal)
    answer = await broken.anonymous().get("/readyz")
    assert answer.status_code == 503
    assert "PostgreSQL does not answer" in answer.text
    assert "nobody" not in answer.text
    metrics = await broken.anonymous().get("/metrics")
    assert metrics.status_code == 200
    assert "daytwo_outbox_length NaN" in metrics.text
    await broken.close()
    await away.close()


async def test_metrics_count_requests_by_template_and_what_is_waiting(house: House) -> None:
    ana = await house.signed_in("ana")
    for name in ("shop", "billing", "nothing"):
        await ana.get(f"/api/v1/entities/service/{name}")
    await house.company.drive(await house.company.ask("ana", "1.1.0", "production"))
    answer = await ana.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    for line in (
        'daytwo_requests_total{method="GET",route="/api/v1/entities/{kind}/{name}",status="200"} 2.0',
        'daytwo_requests_total{method="GET",route="/api/v1/entities/{kind}/{name}",status="404"} 1.0',
        'daytwo_open_runs{state="waiting_approval"} 1.0',
        'daytwo_open_runs{state="running"} 0.0',
        "daytwo_pending_approvals 1.0",
        "daytwo_held_attempts 0.0",
    ):
        assert line in answer.text
    assert "shop" not in answer.text
