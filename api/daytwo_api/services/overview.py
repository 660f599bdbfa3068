"""What the people who look after the whole want to see: connections, locks, the audit."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from daytwo_actions.backends.registry import ConnectionSettings
from daytwo_api.asker import Asker
from daytwo_api.metrics import Observe
from daytwo_api.views.common import Page
from daytwo_api.views.control import AuditEntry, ConnectionView, LockRow
from daytwo_store import overview
from daytwo_store.engine import Store
from daytwo_store.ids import ConnectionName


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
    def __init__(self, store: Store, connections: Connections) -> None:
        self._store = store
        self._connections = connections

    async def connections(self, by: Asker) -> Page[ConnectionView]:  # noqa: ARG002 - names and addresses only
        return Page(items=[self._connection(name) for name in sorted(self._connections.settings)])

    async def locks(self, by: Asker) -> Page[LockRow]:
        async with self._store.read() as session:
            held = await overview.locks(session, groups=sorted(by.belongs), principal=by.principal)
        return Page(
            items=[
                LockRow(
                    key=line.key,
                    holder_run=line.holder_run,
                    fence=line.fence,
                    since=line.since,
                    queued=list(line.queued),
                )
                for line in held
            ]
        )

    async def audit(
        self,
        by: Asker,  # noqa: ARG002 - the route has asked for an administrator
        *,
        subject: str | None,
        cursor: str | None,
        limit: int,
    ) -> Page[AuditEntry]:
        async with self._store.read() as session:
            found = await overview.audit(session, subject=subject, cursor=cursor, limit=limit)
        entries = [
            AuditEntry(
                number=row.n,
                at=row.at,
                actor=row.actor,
                action=row.action,
                subject=row.subject,
                facts={name: str(value) for name, value in row.facts.items()},
                hash=row.hash,
            )
            for row in found.items
        ]
        return Page(items=entries, next_cursor=found.next_cursor)

    def _connection(self, name: ConnectionName) -> ConnectionView:
        settings = self._connections.settings[name]
        health = self._connections.health.get(name, Health())
        return ConnectionView(
            name=name,
            backend=settings.kind,
            address=settings.base,
            reachable=health.reachable,
            budget_left=health.budget_left,
            last_error=health.last_error,
        )


def _complaint(operation: str, status: int | None) -> str | None:
    if status is None:
        return f"{operation}: no answer"
    return f"{operation}: answered {status}" if status >= 400 else None
