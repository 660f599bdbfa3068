"""From settings to what the life of a run needs; the worker and the API build the same."""

import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from pydantic import SecretStr

from daytwo_actions.backends.base import Backend
from daytwo_actions.backends.http.reading import Observe
from daytwo_actions.backends.registry import ConnectionSettings, connect
from daytwo_store.engine import Store
from daytwo_workflows.connections.considerate import considerate
from daytwo_workflows.connections.renewed import renewed
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.spending import Spending
from daytwo_workflows.notify.channels import open_channels
from daytwo_workflows.notify.entry import NotificationsEntry
from daytwo_workflows.notify.notifier import Notifier
from daytwo_workflows.seal import Seal
from daytwo_workflows.secret_files import SettingsRejected
from daytwo_workflows.secret_sources.source import SecretSource
from daytwo_workflows.services_entry import open_services
from daytwo_workflows.settings import Settings

log = structlog.get_logger()
_MB: Final = 1_000_000


def build_backends(
    settings: Settings, source: SecretSource, observe: Observe, spending: dict[str, Spending], store: Store | None
) -> Mapping[str, Backend]:
    """One backend per connection; what they ask for is counted. Nothing is asked before one is used.

    `store` has what other processes were told of the limits; without one nothing is known of that.
    Raises `SettingsRejected`.
    """
    made: dict[str, Backend] = {
        name: build_backend(settings, connection, source, counted(observe, spending.setdefault(name, Spending())))
        for name, connection in settings.backends().items()
    }
    return made if store is None else considerate(made, store)


def build_backend(
    settings: Settings,
    connection: ConnectionSettings,
    source: SecretSource,
    observe: Observe,
    *,
    now: Callable[[], float] = time.time,
) -> Backend:
    """With a credential that is looked for when it is needed, or an App's key. `now` says how old a delivery is.

    Raises `SettingsRejected`.
    """
    reference = settings.references().get(connection.name)
    if reference is None:
        return connect(connection, observe=observe, now=now)

    def make(token: SecretStr) -> Backend:
        with_token = type(connection).model_validate({**dict(connection), "token": token})
        return connect(with_token, observe=observe, now=now)

    return renewed(make, reference, source)


def counted(observe: Observe, spending: Spending) -> Observe:
    """The same, and each request is counted."""

    def note(operation: str, status: int | None, seconds: float, remaining: int | None) -> None:
        spending.note()
        observe(operation, status, seconds, remaining)

    return note


def build_life(
    settings: Settings,
    store: Store,
    backends: Mapping[str, Backend],
    source: SecretSource,
    spending: dict[str, Spending] | None = None,
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
        source=source,
        services=open_services(settings.services, settings.secret_names),
        keys=settings.keys(),
        fingerprint_key=settings.key("secret fingerprints"),
        public_url=settings.page,
        unattended=settings.unattended,
        log_head=settings.log_head_mb * _MB,
        log_tail=settings.log_tail_mb * _MB,
        spending=spending if spending is not None else {},
        allowances={name: entry.requests_per_hour for name, entry in settings.connections.items()},
    )


def build_notifier(settings: Settings, store: Store, name: str) -> Notifier:
    """What tells people; without channels it only closes what there was to tell. Raises `SettingsRejected`."""
    entry = settings.notifications or NotificationsEntry()
    pause = settings.windows.sweep_every.total_seconds()
    channels = open_channels(entry)
    return Notifier(store=store, entry=entry, channels=channels, page=settings.page, name=name, pause=pause)


def build_seal(settings: Settings, store: Store) -> Seal | None:
    """What signs checkpoints of the audit; None without a key. Raises `SettingsRejected`."""
    signer = settings.signer()
    if signer is None:
        log.warning("audit.not_sealed", detail="without audit_key_file a cut or replaced audit cannot be detected")
        return None
    if settings.audit_checkpoints is None and settings.log_level not in ("debug", "info"):
        raise SettingsRejected(
            "Checkpoints of the audit would stand nowhere outside the database: `audit_checkpoints` names no file, and "
            f"with log_level {settings.log_level} they are not logged. Nothing was started. Set audit_checkpoints, or "
            "log_level to info."
        )
    return Seal(store=store, signer=signer, file=settings.audit_checkpoints)
