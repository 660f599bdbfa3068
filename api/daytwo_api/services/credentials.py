"""Credentials of connections that administrators set: written, never read back (design §4, A6)."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from daytwo_actions.backends.http.settings import visible
from daytwo_actions.masking import SHORTEST
from daytwo_api.asker import Asker
from daytwo_api.views.common import Page, Person
from daytwo_api.views.credentials import CredentialRequest, CredentialView
from daytwo_store import principals, secret_values
from daytwo_store.engine import Store
from daytwo_store.errors import Conflict, NotFound, Rejected
from daytwo_store.ids import PrincipalId
from daytwo_store.keyring import Keys
from daytwo_store.tables import PrincipalRow, SecretRow
from daytwo_workflows.connections.entry import STORED, Entry

_LONGEST: Final = 10_000


class Credentials:
    def __init__(self, store: Store, keys: Keys, connections: Mapping[str, Entry]) -> None:
        self._store = store
        self._keys = keys
        self._connections = connections

    async def list(self) -> Page[CredentialView]:
        found = []
        async with self._store.read() as session:
            rows = {name: await secret_values.credential_row(session, name) for name in self._connections}
            by = [PrincipalId(row.created_by) for row in rows.values() if row is not None]
            people = await principals.by_ids(session, by)
        for name, entry in sorted(self._connections.items()):
            found.append(_view(name, entry, rows[name], people))
        return Page(items=found)

    async def set(self, by: Asker, connection: str, asked: CredentialRequest) -> None:
        """Used from the next request on, in every process. Raises `NotFound`, `Conflict`, `Rejected`."""
        self._must_be_stored(connection)
        value = _usable(asked)
        async with self._store.write() as tx:
            await secret_values.set_credential(tx, self._keys.ring, connection, value, by=by.principal)

    async def delete(self, by: Asker, connection: str) -> None:
        """Nothing is sent to this connection after that, until another one is set. Raises `NotFound`, `Conflict`."""
        self._must_be_stored(connection)
        async with self._store.write() as tx:
            await secret_values.delete_credential(tx, connection, by=by.principal)

    def _must_be_stored(self, connection: str) -> None:
        entry = self._connections.get(connection)
        if entry is None:
            raise NotFound(f"There is no connection {connection}. Nothing was changed.")
        if entry.token != STORED:
            raise Conflict(
                f"The connection {connection} takes its credential from {entry.token or 'a file of the settings'}, so "
                "one that is set here would not be used. Nothing was changed. Write `token: secret://stored` in the "
                "settings first."
            )


def _usable(asked: CredentialRequest) -> str:
    """Raises `Rejected`, without the value."""
    with suppress(ValueError):
        value = visible(asked.credential).get_secret_value()
        if SHORTEST <= len(value) <= _LONGEST:
            return value
    raise Rejected(
        f"A credential is {SHORTEST} to {_LONGEST} visible ASCII characters without spaces or line ends. Nothing was "
        "changed. Is a line end left at its end?"
    )


def _view(name: str, entry: Entry, row: SecretRow | None, people: Mapping[str, PrincipalRow]) -> CredentialView:
    by = people.get(row.created_by) if row is not None else None
    stored = entry.token == STORED
    return CredentialView(
        connection=name,
        source="stored" if stored else "reference" if entry.token else "file",
        reference=entry.token,
        set_at=row.created_at if row is not None and stored else None,
        set_by=Person(id=by.id, name=by.name, ref=by.ref) if by is not None and stored else None,
    )
