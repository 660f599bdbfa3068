"""What every part of a run's life needs, handed in once."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from os import getpid
from typing import Final

from pydantic import JsonValue

from daytwo_actions import run_token
from daytwo_actions.backends.base import Backend
from daytwo_actions.backends.failures import BackendDenied
from daytwo_actions.services.door import Service
from daytwo_store import secret_values
from daytwo_store.engine import Store
from daytwo_store.ids import Corr, RunId
from daytwo_store.keyring import NO_KEYS, Keys
from daytwo_store.settings import Windows
from daytwo_workflows.life.definitions import Definitions
from daytwo_workflows.life.frozen import Frozen
from daytwo_workflows.life.lookups import NOW, Lookups
from daytwo_workflows.life.spending import Spending
from daytwo_workflows.secret_sources.source import NO_SOURCE, SecretSource

_MOST_WORDS: Final = 1000


def _sender() -> str:
    return f"{socket.gethostname()}/{getpid()}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    store: Store
    backends: Mapping[str, Backend]  # by name of connection
    windows: Windows
    marker_key: bytes  # makes markers that nobody can guess
    token_key: bytes = b""  # makes the tokens of attempts; without one there are none
    hand_tokens: frozenset[str] = frozenset()  # connections whose attempts are handed a token
    secrets: tuple[str, ...] = ()  # values that never may stand in a log
    source: SecretSource = NO_SOURCE  # of those that are named by reference
    services: Mapping[str, Service] = field(default_factory=dict)  # that steps may call, by name
    keys: Keys = NO_KEYS  # what secret inputs are encrypted with
    fingerprint_key: bytes = b""  # tells whether a secret is another one, and nothing else about it
    public_url: str
    definitions: Definitions = field(default_factory=Definitions)
    frozen: Frozen = field(default_factory=Frozen)
    lookups: Lookups = NOW
    sender: str = field(default_factory=_sender)
    unattended: timedelta = timedelta(days=90)  # so long things begin by themselves on an identity provider's last word
    log_head: int = 20_000_000  # bytes of log kept per run, from its start …
    log_tail: int = 2_000_000  # … and of what comes after those, from its end
    spending: dict[str, Spending] = field(default_factory=dict)  # by connection
    allowances: Mapping[str, int | None] = field(default_factory=dict)  # requests an hour, by connection
    words: set[tuple[str, str]] = field(default_factory=set)  # of vendors, that nobody here knows

    def handed(self, connection: str, marker: Corr) -> dict[str, JsonValue]:
        """Reserved inputs of an attempt as they are planned: its token stands there by its SHA-256."""
        if connection not in self.hand_tokens:
            return {}
        return {run_token.RESERVED: run_token.commitment(self.token(connection, marker))}

    def token(self, connection: str, marker: Corr) -> str:
        return run_token.run_token(self.token_key, connection, marker)

    async def masks(self, run: RunId, connection: str, marker: Corr) -> tuple[str, ...]:
        """What may not stand in anything kept of this attempt.

        Raises `SecretGone` when the secrets of its run are deleted: what cannot be masked is not kept. Raises
        `UnknownKey` when they cannot be opened now.
        """
        async with self.store.read() as session:
            own = tuple((await secret_values.open_inputs(session, self.keys.ring, run)).values())
        token = (self.token(connection, marker),) if self.token_key else ()
        return (*self.secrets, *self.source.seen, *own, *token)

    def backend(self, connection: str) -> Backend:
        """Raises `BackendDenied` for a connection that somebody took out of the settings while a run was under way."""
        found = self.backends.get(connection)
        if found is None:
            raise BackendDenied(f"The connection {connection} is no longer configured here. Put it back.")
        return found

    def listing_lag(self, connection: str) -> timedelta:
        """How long a run that was started there may stay invisible in listings."""
        found = self.backends.get(connection)
        return self.windows.lag(found.traits.listing_lag if found is not None else None)

    def spent(self, connection: str) -> Spending:
        """What this process asks the connection for."""
        return self.spending.setdefault(connection, Spending())

    def unheard(self, connection: str, word: str) -> bool:
        """Is this the first time that this connection says this word? Only so many are remembered."""
        if (connection, word) in self.words or len(self.words) >= _MOST_WORDS:
            return False
        self.words.add((connection, word))
        return True
