"""What every route is asked in the matrix of who may do what, and the objects that it is asked about."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from api_house import House
from company import EXAMPLES, Company
from sqlalchemy import select

from daytwo_store import delegations, identity, lock_holds, locks, reviews, runs, tasks
from daytwo_store.delegations import NewDelegation
from daytwo_store.identity import Login
from daytwo_store.ids import EntityRef, RunId
from daytwo_store.lock_holds import Holding
from daytwo_store.lock_reading import situations
from daytwo_store.tables import EventRow, LockHoldRow, TriggerRow
from daytwo_workflows.life.asking import Wish, start

DEPLOY_FILE: Final = (EXAMPLES / "actions" / "deploy.yaml").read_text()
REQUESTER: Final = {"shop": "ana", "billing": "fay", "vault": "fay", "quiet": "fay"}
QUIET: Final = "quiet"  # a run on billing, which all see, of an action that only finance sees


@dataclass
class World:
    """The house with every kind of asker, and objects made when they are needed."""

    house: House
    askers: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    kept: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def company(self) -> Company:
        return self.house.company

    def effects(self) -> tuple[int, int, int, int]:
        """What was sent so far: to the CI system, and to Temporal."""
        ci = self.company.ci
        return ci.posts, len(ci.cancels), len(ci.answers), len(self.house.temporal.driven)

    async def run(
        self, thing: str, environment: str = "staging", version: str = "1.1.0", action: str = "deploy"
    ) -> str:
        """A new run on a service that has not begun."""
        if thing == "nothing":
            return "r_nothing"
        wish = Wish(
            action=f"quiet-{action}" if thing == QUIET else action,
            requester=await self.company.person(REQUESTER[thing]),
            token=None,
            entity=EntityRef("service:billing" if thing == QUIET else f"service:{thing}"),
            inputs={"version": version, "environment": f"environment:{environment}"},
            version=None,
        )
        key = f"matrix-{next(self.company.numbers)}"
        return (await start(self.company.life, wish, key)).run.id

    async def waiting(self, thing: str) -> str:
        """The approval of a new run."""
        if thing == "nothing":
            return "a_nothing"
        run = RunId(await self.run(thing, "production"))
        await self.company.drive(run)
        return (await self.company.approvals(run))[-1].id

    async def task(self, thing: str) -> str:
        """What a new run asks of sre in its middle."""
        if thing == "nothing":
            return "tk_nothing"
        run = RunId(await self.run(thing, action="chore"))
        await self.company.drive(run)
        async with self.company.store.read() as session:
            return (await tasks.of_run(session, run))[-1].id

    async def once(self, kind: str, thing: str, make: Callable[[str], Awaitable[str]]) -> str:
        """The same object for routes that only read."""
        if (kind, thing) not in self.kept:
            self.kept[kind, thing] = await make(thing)
        return self.kept[kind, thing]

    async def finished(self, thing: str) -> str:
        run = await self.run(thing)
        if thing != "nothing":
            await self.company.through(RunId(run))
        return run

    async def freeze(self) -> str:
        """A new freeze, which holds deploys of 1.0.0 alone."""
        spec = {"reason": "matrix", "where": {"actions": ["deploy"], "when": "${{ inputs.version == '1.0.0' }}"}}
        asked = {"title": "Matrix", "owner": "group:sre", "spec": spec}
        made: str = (await self.askers["approver"].post("/api/v1/freezes", json=asked)).json()["id"]
        return made

    def hourly(self, thing: str) -> dict[str, Any]:
        spec = {"action": "deploy", "entity": f"service:{thing}", "inputs": DEPLOY, "cron": "0 * * * *"}
        return {"title": "Matrix", "spec": {**spec, "timezone": "Europe/Berlin"}}

    async def listens(self, thing: str) -> str:
        """A trigger of Ana's on the shop, else of Fay's, and an event that it has seen."""
        if thing == "nothing":
            return "matrix-nothing"
        spec = {"on": {"event": "matrix"}, "action": "restart", "entity": f"service:{thing}"}
        document: dict[str, Any] = {"metadata": {}, "spec": spec}
        async with self.house.store.write() as tx:
            seen = EventRow(
                id="e_matrix", source="matrix", delivery="1", payload={}, received_at=tx.now, reacted_at=tx.now
            )
            listening = TriggerRow(
                id=f"matrix-{thing}",
                title="Matrix",
                owner=f"person:{REQUESTER[thing]}",
                writers=[],
                action="restart",
                listens="matrix",
                document=document,
                digest="d",
                source="matrix.yaml",
                changed_at=tx.now,
                failures=0,
            )
            await tx.session.merge(seen)
            await tx.session.merge(listening)
        return f"matrix-{thing}"

    async def schedule(self, thing: str) -> str:
        """A new one."""
        if thing == "nothing":
            return "sc_nothing"
        who = self.askers["owner" if thing == "shop" else "foreign"]
        made: str = (await who.post("/api/v1/schedules", json=self.hourly(thing))).json()["id"]
        return made

    async def exception(self, thing: str) -> str:
        """A new one, that the requester of a held run asks for."""
        if thing == "nothing":
            return "fx_nothing"
        run, freeze = await self.run(thing, version="1.0.0"), await self.once("freeze", "", lambda _: self.freeze())
        who = self.askers["owner" if thing == "shop" else "foreign"]
        asked = {"freeze": freeze, "reason": "matrix"}
        made: str = (await who.post(f"/api/v1/runs/{run}/exceptions", json=asked)).json()["id"]
        return made

    async def locked(self, thing: str) -> tuple[str, int]:
        """A key that a run has, with its number."""
        if thing == "nothing":
            return "nothing/production", 1
        key = f"{thing}/production"  # nothing here gets as far as this key, and runs of others end in staging
        async with self.house.store.read() as session:
            (seen,) = await situations(session, [key])
        if seen.holder is None:
            run = RunId(await self.run(thing, "production"))
            async with self.house.store.write() as tx:
                want = locks.wanted(await runs.hold(tx, run))
                assert want is not None
                await locks.acquire(tx, want)
            return await self.locked(thing)
        assert seen.fence is not None
        return key, seen.fence

    async def reviewed(self, thing: str) -> str:
        """A run that has ended and whose review is open; finance closes it."""
        run = await self.finished(thing)
        if thing != "nothing":
            async with self.house.store.write() as tx:
                row = await runs.hold(tx, RunId(run))
                row.break_glass = True
                await reviews.open_review(tx, row, needed_from=["group:finance"])
        return run

    async def token(self, thing: str) -> str:
        """`shop`: a token of Ana's, `billing`: one of Fay's."""
        if thing == "nothing":
            return "t_nothing"
        owner = await self.house.signed_in(REQUESTER[thing])
        made: str = (await owner.post("/api/v1/tokens", json={"name": "x"})).json()["token"]["id"]
        return made


async def revoked(house: House) -> httpx.AsyncClient:
    client = await house.token("ana", "read", "run", "approve")
    owner = await house.signed_in("ana")
    newest = (await owner.get("/api/v1/tokens")).json()["items"][0]["id"]
    assert (await owner.delete(f"/api/v1/tokens/{newest}")).status_code == 204
    return client


Request = tuple[dict[str, str], dict[str, Any]]  # what stands in the path, and keywords of httpx
Make = Callable[[World, str], Awaitable[Request]]
DEPLOY: Final = {"version": "1.1.0", "environment": "environment:staging"}


def plain(**more: Any) -> Make:
    async def make(_: World, __: str) -> Request:
        return {}, more

    return make


_BASE32: Final = str.maketrans("0123456789", "abcdefghij")


def marked(**body: Any) -> Make:
    """About another run each time: whoever is refused too often about one is slowed down."""

    async def make(world: World, _: str) -> Request:
        return {}, {"json": {"marker": f"{next(world.company.numbers):020d}".translate(_BASE32), **body}}

    return make


async def entity(_: World, thing: str) -> Request:
    return {"kind": "service", "name": thing}, {}


async def action(_: World, thing: str) -> Request:
    return {"name": "deploy"}, {"params": {"entity": f"service:{thing}"}}


async def plain_action(_: World, thing: str) -> Request:
    return {"name": "deploy"}, {}


def on(**body: Any) -> Make:
    async def make(_: World, thing: str) -> Request:
        return {"name": "deploy", "field": "version"}, {"json": {"entity": f"service:{thing}", **body}}

    return make


async def start_of_run(world: World, thing: str) -> Request:
    names, more = await on(inputs=DEPLOY)(world, thing)
    return names, {**more, "headers": {"Idempotency-Key": f"matrix-start-{next(world.company.numbers)}"}}


async def seen_run(world: World, thing: str) -> Request:
    return {"run": await world.once("run", thing, world.finished)}, {}


def new_run(**body: Any) -> Make:
    async def make(world: World, thing: str) -> Request:
        return {"run": await world.run(thing)}, {"json": body}

    return make


async def gate(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-gate-{next(world.company.numbers)}"}
    run = await world.once("gate", thing, world.run)
    return {"run": run, "gate": "g_0"}, {"json": {"verdict": "go"}, "headers": key}


async def undone(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-undo-{next(world.company.numbers)}"}
    return {"run": await world.once("unended", thing, world.run)}, {"json": {}, "headers": key}


async def again(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-rerun-{next(world.company.numbers)}"}
    return {"run": await world.once("run", thing, world.finished)}, {"json": {}, "headers": key}


async def resumed(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-resume-{next(world.company.numbers)}"}
    return {"run": await world.once("unended", thing, world.run)}, {"json": {}, "headers": key}


async def resume_seen(world: World, thing: str) -> Request:
    return {"run": await world.once("unended", thing, world.run)}, {}


async def approval(world: World, thing: str) -> Request:
    return {"approval": await world.once("approval", thing, world.waiting)}, {}


async def seen_task(world: World, thing: str) -> Request:
    return {"task": await world.once("task", thing, world.task), "field": "where"}, {"json": {}}


def new_task(**body: object) -> Callable[[World, str], Awaitable[Request]]:
    async def make(world: World, thing: str) -> Request:
        return {"task": await world.task(thing)}, {"json": body}

    return make


async def filling(world: World, thing: str) -> Request:
    return {"approval": await world.once("approval", thing, world.waiting), "field": "ticket"}, {"json": {}}


async def decision(world: World, thing: str) -> Request:
    waiting = await world.waiting(thing)
    found = await world.askers["foreign"].get(f"/api/v1/approvals/{waiting}")
    digest = found.json().get("digest", "0" * 64)
    return {"approval": waiting}, {"json": {"verdict": "approve", "digest": digest}}


async def own_decision(world: World, thing: str) -> Request:
    return {"approval": await world.once("undecided", thing, world.waiting)}, {}


async def handed_on(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-delegate-{next(world.company.numbers)}"}
    return {"approval": await world.once("lent", thing, world.waiting)}, {"json": {"to": "person:lou"}, "headers": key}


async def said(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-comment-{next(world.company.numbers)}"}
    return {"approval": await world.once("approval", thing, world.waiting)}, {"json": {"text": "hm"}, "headers": key}


async def lent(world: World, thing: str) -> Request:
    """`shop`: a delegation of Ana's, `billing`: one of Fay's; both long over."""
    if thing == "nothing":
        return {"delegation": "d_nothing"}, {}
    by = await world.company.person(REQUESTER[thing])
    async with world.house.store.write() as tx:
        new = NewDelegation(
            by=by,
            to="person:lou",
            approval=None,
            begins_at=tx.now,
            ends_at=tx.now,
            reason="",
            key=f"matrix-lent-{next(world.company.numbers)}",
        )
        return {"delegation": (await delegations.create(tx, new, run=None)).id}, {}


async def review(world: World, thing: str) -> Request:
    return {"run": await world.once("review", thing, world.reviewed)}, {}


async def close_review(world: World, thing: str) -> Request:
    return {"run": await world.reviewed(thing)}, {"json": {"words": "looked"}}


async def token(world: World, thing: str) -> Request:
    return {"token": await world.token(thing)}, {}


async def principal(world: World, thing: str) -> Request:
    async def make(_: str) -> str:
        async with world.house.store.write() as tx:
            login = Login(issuer="elsewhere", subject="x", name="X", ref=None)
            return (await identity.principal_for(tx, login)).id

    return {"principal": "p_nothing" if thing == "nothing" else await world.once("principal", thing, make)}, {}


def freeze(**more: Any) -> Make:
    async def make(world: World, thing: str) -> Request:
        return {"freeze": "fz_nothing" if thing == "nothing" else await world.freeze()}, more

    return make


def schedule(*, fresh: bool = False, key: bool = False, **more: Any) -> Make:
    """One of Ana's on the shop, else one of Fay's."""

    async def make(world: World, thing: str) -> Request:
        name = await (world.schedule(thing) if fresh else world.once("schedule", thing, world.schedule))
        keys = {"headers": {"Idempotency-Key": f"matrix-schedule-{next(world.company.numbers)}"}} if key else {}
        return {"schedule": name}, {**more, **keys}

    return make


def lasting_step(*, until: bool) -> Make:
    """A new one that goes on for four hours, and may for eight."""

    async def make(world: World, thing: str) -> Request:
        run = await world.run(thing, action="access")
        if thing != "nothing":
            await world.company.through(RunId(run))
        later = (datetime.now(UTC) + timedelta(hours=6)).isoformat()
        return {"run": run, "step": "access"}, {"json": {"until": later} if until else {}}

    return make


def trigger(*, key: bool = False, **more: Any) -> Make:
    async def make(world: World, thing: str) -> Request:
        keys = {"headers": {"Idempotency-Key": f"matrix-trigger-{next(world.company.numbers)}"}} if key else {}
        return {"trigger": await world.listens(thing)}, {**more, **keys}

    return make


async def kept_event(world: World, thing: str) -> Request:
    await world.listens("shop")
    return {"event": "e_matrix" if thing == "shop" else "e_nothing"}, {}


async def new_schedule(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-schedule-{next(world.company.numbers)}"}
    return {}, {"json": world.hourly(thing), "headers": key}


async def wanted_exception(world: World, thing: str) -> Request:
    key = {"Idempotency-Key": f"matrix-exception-{next(world.company.numbers)}"}
    run = await world.run(thing, version="1.0.0")
    asked = {"freeze": await world.once("freeze", "", lambda _: world.freeze()), "reason": "matrix"}
    return {"run": run}, {"json": asked, "headers": key}


async def seen_exception(world: World, thing: str) -> Request:
    return {"exception": await world.once("exception", thing, world.exception)}, {}


def new_exception(**body: Any) -> Make:
    async def make(world: World, thing: str) -> Request:
        return {"exception": await world.exception(thing)}, {"json": body}

    return make


async def lock(world: World, thing: str) -> Request:
    """A lock that a run has, or a run before it."""
    return {}, {"params": {"key": (await world.locked(thing))[0]}}


async def release(world: World, thing: str) -> Request:
    key, fence = await world.locked(thing)
    return {}, {"json": {"key": key, "fence": fence, "reason": "it hangs"}}


async def held(world: World, thing: str) -> Request:
    """A hold of Sam's that waits for a run to give back its lock."""
    if thing == "nothing":
        return {"hold": "h_nothing"}, {}
    key, _ = await world.locked(thing)
    async with world.house.store.write() as tx:
        open_hold = await tx.session.scalar(
            select(LockHoldRow.id).where(LockHoldRow.key == key, LockHoldRow.ended_at.is_(None))
        )
        if open_hold is None:
            cat = (await identity.principal_for(tx, Login(issuer="elsewhere", subject="cat", name="Cat", ref=None))).id
            open_hold = (await lock_holds.hold(tx, Holding(key=key, by=cat, reason="a debugger", until=None))).id
    return {"hold": open_hold}, {"params": {"reason": "matrix"}}


async def new_hold(world: World, thing: str) -> Request:
    """Of a key that no run needs, or that one on this service does."""
    key = f"matrix-{next(world.company.numbers)}"
    if thing != "nothing":
        run = RunId(await world.run(thing))
        async with world.house.store.write() as tx:
            (await runs.hold(tx, run)).lock_keys = [key]
    return {}, {"json": {"key": key, "reason": "x", "seconds": 60}}


async def webhook(_: World, thing: str) -> Request:
    return {"connection": "github" if thing == "shop" else thing}, {"content": b"{}"}


async def event(_: World, thing: str) -> Request:
    return {"source": "alerts" if thing == "shop" else thing}, {"content": b"{}"}


async def pipelines(_: World, thing: str) -> Request:
    names = {"name": "github" if thing == "shop" else thing, "pipeline": "deploy.yml"}
    return names, {"params": {"project": "acme/shop"}}


async def connection(_: World, thing: str) -> Request:
    return {"name": "github" if thing == "shop" else thing}, {}


async def channel(_: World, thing: str) -> Request:
    return {"name": "nowhere" if thing == "shop" else thing}, {}


async def credential(world: World, thing: str) -> Request:
    names, _ = await connection(world, thing)
    return names, {"json": {"credential": "never-kept-here"}}


async def kind(_: World, thing: str) -> Request:
    return {"name": "service" if thing == "shop" else thing}, {}


RESOLUTION: Final = {"step": "ship", "attempt": 1, "outcome": "did_not_run", "reason": "looked"}
REQUESTS: Final[dict[str, Make]] = {
    "GET /api/v1/actions": action,
    "GET /api/v1/actions/{name}": action,
    "GET /api/v1/actions/{name}/usual": plain_action,
    "POST /api/v1/actions/{name}/form": on(),
    "POST /api/v1/actions/{name}/options/{field}": on(),
    "POST /api/v1/actions/{name}/plan": on(inputs=DEPLOY),
    "POST /api/v1/actions/{name}/runs": start_of_run,
    "GET /api/v1/runs/{run}": seen_run,
    "GET /api/v1/runs/{run}/events": seen_run,
    "GET /api/v1/runs/{run}/evidence": seen_run,
    "GET /api/v1/runs/{run}/logs": seen_run,
    "GET /api/v1/runs/{run}/logs.txt": seen_run,
    "POST /api/v1/runs/{run}/cancel": new_run(),
    "POST /api/v1/runs/{run}/withdraw": new_run(),
    "POST /api/v1/runs/{run}/undo": undone,
    "POST /api/v1/runs/{run}/rerun": again,
    "GET /api/v1/runs/{run}/resume": resume_seen,
    "POST /api/v1/runs/{run}/resume": resumed,
    "POST /api/v1/runs/{run}/undoing": new_run(choice="stop"),
    "POST /api/v1/runs/{run}/gates/{gate}": gate,
    "POST /api/v1/runs/{run}/resolve": new_run(**RESOLUTION),
    "GET /api/v1/approvals/{approval}": approval,
    "GET /api/v1/approvals/{approval}/pipelines": approval,
    "GET /api/v1/reviews/{run}": review,
    "POST /api/v1/reviews/{run}/close": close_review,
    "GET /api/v1/connections/{name}/webhooks": connection,
    "GET /api/v1/connections/{name}/webhooks/refused": connection,
    "GET /api/v1/on-call": action,
    "GET /api/v1/tasks/{task}": seen_task,
    "POST /api/v1/tasks/{task}/claim": new_task(),
    "POST /api/v1/tasks/{task}/hand-over": new_task(to=None),
    "POST /api/v1/tasks/{task}/form": seen_task,
    "POST /api/v1/tasks/{task}/options/{field}": seen_task,
    "POST /api/v1/tasks/{task}/complete": new_task(),
    "POST /api/v1/tasks/{task}/fail": new_task(words="no key"),
    "POST /api/v1/approvals/{approval}/decision": decision,
    "POST /api/v1/approvals/{approval}/form": filling,
    "POST /api/v1/approvals/{approval}/options/{field}": filling,
    "POST /api/v1/approvals/{approval}/comments": said,
    "POST /api/v1/approvals/{approval}/delegate": handed_on,
    "DELETE /api/v1/approvals/{approval}/decision": own_decision,
    "POST /api/v1/delegations": plain(
        json={"to": "person:lou", "begins": "2090-01-01T00:00:00Z", "until": "2090-02-01T00:00:00Z"}
    ),
    "DELETE /api/v1/delegations/{delegation}": lent,
    "GET /api/v1/entities/{kind}/{name}": entity,
    "GET /api/v1/entities/{kind}/{name}/history": entity,
    "POST /api/v1/entities/search": plain(json={}),
    "POST /api/v1/entities/facets": plain(json={}),
    "GET /api/v1/connections/{name}/pipelines": pipelines,
    "GET /api/v1/connections/{name}/pipelines/{pipeline}": pipelines,
    "GET /api/v1/kinds/{name}": kind,
    "POST /api/v1/channels/{name}/test": channel,
    "GET /api/v1/locks/detail": lock,
    "POST /api/v1/locks/release": release,
    "DELETE /api/v1/locks/holds/{hold}": held,
    "POST /api/v1/locks/holds": new_hold,
    "POST /api/v1/check": plain(json={}),
    "POST /api/v1/session": plain(json={"name": "ana"}),
    "POST /api/v1/me/may": plain(json={"do": "read"}),
    "POST /api/v1/tokens": plain(json={"name": "x"}),
    "DELETE /api/v1/tokens/{token}": token,
    "DELETE /api/v1/principals/{principal}/access": principal,
    "POST /api/v1/freezes": plain(
        json={
            "title": "X",
            "owner": "group:sre",
            "spec": {"reason": "x", "where": {"actions": ["restart"]}, "until": "2100-01-01T00:00Z"},
        }
    ),
    "GET /api/v1/freezes/{freeze}": freeze(),
    "PATCH /api/v1/freezes/{freeze}": freeze(json={"title": "Y"}),
    "DELETE /api/v1/freezes/{freeze}": freeze(),
    "POST /api/v1/runs/{run}/steps/{step}/end": lasting_step(until=False),
    "POST /api/v1/runs/{run}/steps/{step}/extend": lasting_step(until=True),
    "POST /api/v1/runs/{run}/steps/{step}/extension": lasting_step(until=True),
    "POST /api/v1/schedules": new_schedule,
    "POST /api/v1/schedules/preview": plain(json={"cron": "0 * * * *", "timezone": "Europe/Berlin"}),
    "GET /api/v1/schedules/{schedule}": schedule(),
    "GET /api/v1/schedules/{schedule}/firings": schedule(),
    "PATCH /api/v1/schedules/{schedule}": schedule(json={"title": "Y"}),
    "DELETE /api/v1/schedules/{schedule}": schedule(fresh=True),
    "POST /api/v1/schedules/{schedule}/pause": schedule(json={"reason": "matrix"}),
    "POST /api/v1/schedules/{schedule}/resume": schedule(),
    "POST /api/v1/schedules/{schedule}/take": schedule(fresh=True),
    "POST /api/v1/schedules/{schedule}/run": schedule(key=True),
    "GET /api/v1/triggers/{trigger}": trigger(),
    "GET /api/v1/triggers/{trigger}/reactions": trigger(),
    "POST /api/v1/triggers/{trigger}/pause": trigger(json={"reason": "matrix"}),
    "POST /api/v1/triggers/{trigger}/resume": trigger(),
    "POST /api/v1/triggers/{trigger}/replay": trigger(key=True, json={"event": "e_matrix"}),
    "GET /api/v1/event-log/{event}": kept_event,
    "POST /api/v1/stop": plain(json={"reason": "matrix"}),
    "DELETE /api/v1/stop": plain(params={"reason": "matrix"}),
    "POST /api/v1/runs/{run}/exceptions": wanted_exception,
    "GET /api/v1/exceptions/{exception}": seen_exception,
    "POST /api/v1/exceptions/{exception}/decision": new_exception(verdict="refuse", comment="no"),
    "POST /api/v1/exceptions/{exception}/revoke": new_exception(),
    "POST /api/v1/webhooks/{connection}": webhook,
    "POST /api/v1/events/{source}": event,
    "POST /api/v1/ci/claim": marked(),
    "POST /api/v1/ci/report": marked(outputs={}),
    "PUT /api/v1/credentials/{name}": credential,
    "DELETE /api/v1/credentials/{name}": connection,
    "POST /api/v1/ci/secrets": marked(),
    "POST /api/v1/policy/replays": plain(
        json={"files": [{"name": "deploy.yaml", "text": DEPLOY_FILE}], "since": "2020-01-01T00:00:00Z"}
    ),
}
