"""From settings to what the life of a run needs; the worker and the API build the same."""

from collections.abc import Mapping

from daytwo_actions.backends.base import Backend
from daytwo_actions.backends.http.reading import Observe
from daytwo_actions.backends.registry import connect
from daytwo_store.engine import Store
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.spending import Spending
from daytwo_workflows.settings import Settings


def build_backends(settings: Settings, observe: Observe, spending: dict[str, Spending]) -> Mapping[str, Backend]:
    """One backend per connection; what they ask for is counted. Nothing is asked before one is used.

    Raises `SettingsRejected`.
    """
    return {
        name: connect(connection, observe=counted(observe, spending.setdefault(name, Spending())))
        for name, connection in settings.backends().items()
    }


def counted(observe: Observe, spending: Spending) -> Observe:
    """The same, and each request is counted."""

    def note(operation: str, status: int | None, seconds: float, remaining: int | None) -> None:
        spending.note()
        observe(operation, status, seconds, remaining)

    return note


def build_life(
    settings: Settings, store: Store, backends: Mapping[str, Backend], spending: dict[str, Spending] | None = None
) -> Life:
    """Raises `SettingsRejected` when a secret cannot be read."""
    return Life(
        store=store,
        backends=backends,
        windows=settings.windows,
        marker_key=settings.key("markers"),
        token_key=settings.key("run tokens"),
        hand_tokens=frozenset(name for name, one in settings.backends().items() if one.run_tokens),
        secrets=settings.secrets(),
        public_url=settings.page,
        spending=spending if spending is not None else {},
        allowances={name: entry.requests_per_hour for name, entry in settings.connections.items()},
    )
