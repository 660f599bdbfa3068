"""Secrets of this machine and of our own database: environment, files in one folder, what an administrator has set."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daytwo_actions.masking import SHORTEST
from daytwo_store import secret_values
from daytwo_store.engine import Store
from daytwo_store.keyring import Keys
from daytwo_workflows.secret_sources.reference import Reference
from daytwo_workflows.secret_sources.source import SecretMissing, SecretUnreachable

_LARGEST: Final = 64 * 1024  # bytes of a file


class FromEnvironment:
    """`secret://env/NAME`. Our own settings are not to be had: they hold the database's password."""

    fresh = 0.0

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    async def read(self, reference: Reference) -> str:
        value = self._environment.get(reference.path)
        if value is None or reference.path.startswith("DAYTWO_"):
            raise SecretMissing(
                f"The secret {reference} is not in the environment of this process. Nothing was sent. Set the variable "
                "for every API and worker, under a name that does not begin with DAYTWO_, and start them again."
            )
        return value


class FromFiles:
    """`secret://file/PATH`, below one folder and nowhere else; read each time, so a file that is replaced counts."""

    fresh = 0.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self, reference: Reference) -> str:
        return await asyncio.to_thread(self._read, reference)

    def _read(self, reference: Reference) -> str:
        try:
            folder = self._folder.resolve(strict=True)
            path = (folder / reference.path).resolve(strict=True)
            if not path.is_relative_to(folder) or not path.is_file():
                raise SecretMissing(
                    f"The secret {reference} leads out of the folder of secret_folder, or is no file. Nothing was sent."
                )
            with path.open("rb") as file:
                content = file.read(_LARGEST + 1)
        except OSError as error:
            raise SecretMissing(
                f"The secret {reference} cannot be read ({type(error).__name__}). Nothing was sent. Look whether the "
                "file is in the folder of secret_folder, and may be read by this process."
            ) from None
        if len(content) > _LARGEST:
            raise SecretMissing(f"The secret {reference} is longer than {_LARGEST} bytes. Nothing was sent.")
        return content.decode(errors="replace").strip()


class FromTokenFile:
    """The file of `token_file` of a connection: a new token in it counts without a restart. Kubernetes renews what it
    mounts, and people rotate what they put there.

    A file that cannot be read, or holds no token, may be in the middle of being replaced: the last token is used on.
    """

    fresh = 1.0

    async def read(self, reference: Reference) -> str:
        return await asyncio.to_thread(self._read, reference)

    def _read(self, reference: Reference) -> str:
        try:
            with Path(reference.path).open("rb") as file:
                text = file.read(_LARGEST).decode(errors="replace").strip()
        except OSError as error:
            raise SecretUnreachable(
                f"The credential {reference} cannot be read ({type(error).__name__}). Put the file back."
            ) from None
        if len(text) < SHORTEST or not text.isascii() or not text.isprintable() or " " in text:
            raise SecretUnreachable(
                f"The credential {reference} cannot be one: it has to be {SHORTEST} or more visible ASCII characters "
                "without spaces or line ends."
            )
        return text


class FromStore:
    """`secret://stored`: the credential that an administrator has set for a connection, encrypted in the database."""

    fresh = 5.0

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def read(self, reference: Reference) -> str:
        async with self._store.read() as session:
            row = await secret_values.credential_row(session, reference.connection)
        if row is None:
            raise SecretMissing(
                f"No credential is set for the connection {reference.connection}. Nothing was sent. An administrator "
                f"sets it: daytwo connections credential set {reference.connection}."
            )
        return secret_values.opened(self._keys.ring, row)
