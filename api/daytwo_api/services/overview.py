"""What the people who look after the whole want to see: connections."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from daytwo_actions.backends.base import Backend, Budget
from daytwo_actions.backends.registry import ConnectionSettings
from daytwo_api.asker import Asker
from daytwo_api.metrics import Observe
from daytwo_api.services.onlooking import onlooker
from daytwo_api.views.common import Page
from daytwo_api.views.control import ConnectionView, RefusedWebhookView, WebhookView
from daytwo_store import connections, cursors, inbox, refused_webhooks
from daytwo_store.engine import Store
from daytwo_store.errors import NotFound
from daytwo_store.ids import ConnectionName
from daytwo_store.run_visibility import among
from daytwo_store.tables import ConnectionRow
from daytwo_workflows.life.pace import allowed


@dataclass(slots=True)
class Health:
    """What this process has seen of one connection."""

    reachable: bool | None = None  # None before the first call
    budget_left: int | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Connections:
    """The configured connections, and how their last calls from this process went."""

    settings: Mapping[ConnectionName, ConnectionSettings]
    health: dict[ConnectionName, Health] = field(default_factory=dict)
    allowances: Mapping[str, int | None] = field(default_factory=dict)  # requests an hour, as the settings say

    def observer(self, connection: ConnectionName, then: Observe) -> Observe:
        """What the backend calls after each request; hands on to `then`."""
        health = self.health.setdefault(connection, Health())

        def observe(operation: str, status: int | None, seconds: float, remaining: int | None) -> None:
            health.reachable = status is not None and status < 500
            health.last_error = _complaint(operation, status)
            health.budget_left = remaining if remaining is not None else health.budget_left
            then(operation, status, seconds, remaining)

        return observe


class Overview:
    def __init__(self, store: Store, connections: Connections, backends: Mapping[str, Backend]) -> None:
        self._store = store
        self._connections = connections
        self._backends = backends

    async def connections(self) -> Page[ConnectionView]:
        names = sorted(self._connections.settings)
        async with self._store.read() as session:
            rows = {row.name: row for row in await connections.everything(session)}
            heard = await inbox.newest(session, names)
            now = await self._store.clock.now(session)
        return Page(items=[self._connection(name, rows.get(name), heard.get(name), now) for name in names])

    async def webhooks(
        self,
        by: Asker,
        connection: str,
        *,
        cursor: str | None,
        limit: int,
    ) -> Page[WebhookView]:
        """Runs are named as far as they may be seen."""
        if connection not in self._connections.settings:
            raise NotFound(f"There is no connection {connection}.")
        before = cursors.moment(cursor) if cursor else None
        async with self._store.read() as session:
            found = await inbox.page(session, connection, before=before, limit=limit + 1)
            named = await among(session, {one.run for one in found}, onlooker(by))
        shown = found[:limit]
        last = shown[-1].row if len(found) > limit else None
        return Page(
            items=[
                WebhookView(
                    delivery=one.row.delivery,
                    event=one.row.event,
                    external_run=one.row.external_id,
                    run=one.run if one.run in named else None,
                    received_at=one.row.received_at,
                    consumed_at=one.row.consumed_at,
                )
                for one in shown
            ],
            next_cursor=cursors.make(last.received_at.isoformat(), last.delivery) if last is not None else None,
        )

    async def refused_webhooks(self, connection: str) -> Page[RefusedWebhookView]:
        if connection not in self._connections.settings:
            raise NotFound(f"There is no connection {connection}.")
        async with self._store.read() as session:
            found = await refused_webhooks.newest(session, connection)
        return Page(
            items=[
                RefusedWebhookView(
                    why=row.why,
                    source=row.source,
                    size=row.size,
                    times=row.times,
                    first_at=row.first_at,
                    last_at=row.last_at,
                )
                for row in found
            ]
        )

    def _connection(
        self, name: ConnectionName, row: ConnectionRow | None, heard: datetime | None, now: datetime
    ) -> ConnectionView:
        settings = self._connections.settings[name]
        health = self._connections.health.get(name, Health())
        backend = self._backends.get(name)
        row = row or ConnectionRow(name=name, projects=0, open_runs=0, requests=0)
        held = row.held_until if row.held_until is not None and row.held_until > now else None
        allowance = allowed_of(backend, row, self._connections.allowances.get(name), now=now) if backend else None
        return ConnectionView(
            name=name,
            backend=settings.kind,
            title=backend.traits.title if backend is not None else settings.kind,
            address=settings.base,
            reachable=health.reachable,
            last_error=health.last_error,
            live_logs=backend is not None and backend.traits.live_logs,
            limit=row.limit,
            budget_left=health.budget_left if row.remaining is None else row.remaining,
            resets_at=row.resets_at,
            held_until=held,
            requests=row.requests,
            allowance=allowance,
            pace=row.pace or None,
            projects=row.projects,
            open_runs=row.open_runs,
            polled_at=row.polled_at,
            stream=row.streams,
            webhook_at=heard,
        )


def allowed_of(backend: Backend, row: ConnectionRow, setting: int | None, *, now: datetime) -> int:
    """Requests an hour that the poller keeps to."""
    told = Budget(limit=row.limit, remaining=row.remaining, resets_at=row.resets_at, held_until=None)
    return round(allowed(backend.traits, told, setting, now=now))


def _complaint(operation: str, status: int | None) -> str | None:
    if status is None:
        return f"{operation}: no answer"
    return f"{operation}: answered {status}" if status >= 400 else None
