"""`secret://vault/MOUNT/PATH#KEY`: HashiCorp Vault or OpenBao, key/value engine, through hvac.

hvac blocks its thread, so it has a few of its own and a total deadline. Its exceptions quote answers of the server, so
none is passed on. The token is a file that Vault's agent keeps fresh; it is read each time. Redirections are not
followed: the token would go along.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import hvac
import requests
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, Unauthorized, VaultError

from daytwo_workflows.secret_sources.reference import Reference
from daytwo_workflows.secret_sources.source import SecretMissing, SecretUnreachable
from daytwo_workflows.secret_sources.vault_entry import VaultEntry

_THREADS: Final = 4
_ADVICE: Final = "Nothing was sent. Look at the address, the token and the policy of Vault."
_AGAIN: Final = "Nothing was sent; it is asked again."


class FromVault:
    def __init__(self, entry: VaultEntry) -> None:
        self.fresh = entry.fresh_seconds
        self._entry = entry
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="vault")

    async def read(self, reference: Reference) -> str:
        loop = asyncio.get_running_loop()
        limit = 2 * self._entry.seconds
        try:
            async with asyncio.timeout(limit):
                return await loop.run_in_executor(self._threads, self._read, reference)
        except TimeoutError:
            raise SecretUnreachable(f"Vault did not give {reference} within {limit:g} s. {_AGAIN}") from None

    def _read(self, reference: Reference) -> str:
        try:
            found = self._ask(reference)
        except (Forbidden, Unauthorized):
            raise SecretMissing(f"Vault does not let us read {reference} (403). {_ADVICE}") from None
        except InvalidPath:
            raise SecretMissing(f"Vault has no {reference} (404). {_ADVICE}") from None
        except InvalidRequest:
            raise SecretMissing(f"Vault does not take the request for {reference} (400). {_ADVICE}") from None
        except (VaultError, requests.RequestException, OSError) as error:
            name = type(error).__name__
            raise SecretUnreachable(f"Vault does not answer for {reference} ({name}). {_AGAIN}") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            name = type(error).__name__
            raise SecretMissing(f"Vault's answer for {reference} is no secret ({name}). {_ADVICE}") from None
        value = found.get(reference.key) if isinstance(found, dict) else None
        if not isinstance(value, str):
            raise SecretMissing(f"What Vault has for {reference} is no text, or has no such key. {_ADVICE}")
        return value

    def _ask(self, reference: Reference) -> Any:
        mount, _, path = reference.path.partition("/")
        with requests.Session() as session:
            session.trust_env = False  # no other credential and no other way than what is configured
            client = hvac.Client(
                url=self._entry.address,
                token=self._token(),
                timeout=self._entry.seconds,
                verify=str(self._entry.ca_file) if self._entry.ca_file else True,
                namespace=self._entry.namespace,
                allow_redirects=False,
                session=session,
            )
            if self._entry.engine == 1:
                return client.secrets.kv.v1.read_secret(path=path, mount_point=mount)["data"]
            kv = client.secrets.kv.v2
            answer = kv.read_secret_version(path=path, mount_point=mount, raise_on_deleted_version=True)
            return answer["data"]["data"]

    def _token(self) -> str:
        path = self._entry.token_file
        try:
            token = path.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            name = type(error).__name__
            raise SecretUnreachable(f"The file with Vault's token cannot be read ({name}: {path}). {_AGAIN}") from None
        if not token:
            raise SecretUnreachable(f"The file with Vault's token is empty ({path}). {_AGAIN}")
        return token
