"""What our processes are told: environment variables `DAYTWO_…`, and one YAML file named by DAYTWO_CONFIG.

Every key may stand in either place; the environment wins. Secrets are files, and appear here by their paths only.
Paths in the file are relative to the file. Read once, when a process starts.
"""

import hmac
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from daytwo_actions.backends.registry import ConnectionSettings
from daytwo_store.engine import Store
from daytwo_store.ids import ConnectionName
from daytwo_store.keyring import Keys, derived
from daytwo_store.settings import StoreSettings, Windows
from daytwo_store.signing import KeyRing, KeyUnusable, Signer, public_keys
from daytwo_store.yaml12 import Document, YamlFault, parse
from daytwo_workflows.connections import ConnectionEntry
from daytwo_workflows.connections.renewed import NOT_YET
from daytwo_workflows.event_sources import EventSourceEntry
from daytwo_workflows.key_file import follow
from daytwo_workflows.notify.entry import NotificationsEntry, beside
from daytwo_workflows.oidc import UNATTENDED_DAYS, OidcEntry
from daytwo_workflows.secret_files import SettingsRejected, secret_bytes
from daytwo_workflows.secret_sources.local import FromEnvironment, FromFiles, FromStore, FromTokenFile
from daytwo_workflows.secret_sources.reference import OWN_FILE, PATTERN, Reference
from daytwo_workflows.secret_sources.source import Provider, SecretSource
from daytwo_workflows.secret_sources.vault_entry import VaultEntry
from daytwo_workflows.services_entry import ServiceEntry

PREFIX: Final = "DAYTWO_"
CONFIG: Final = "DAYTWO_CONFIG"
_SECRET_BYTES: Final = 32
_LISTS: Final = frozenset({"audit_public_keys", "company"})  # in the environment separated as PATH is
_FILES: Final = frozenset(
    {"audit_checkpoints", "audit_key_file", "audit_public_keys", "company"}
    | {"key_ring_file", "secret_file", "secret_folder"}
)
_KINDS: Final = frozenset({"union_tag_invalid", "union_tag_not_found"})  # pydantic: no such kind of connection
_ONLY_IN_FILE: Final = frozenset(
    {"connections", "events", "notifications", "oidc", "secret_names", "services", "vault"}
)


class AuditSettings(BaseModel):
    """What somebody needs who verifies or cuts the audit; the other settings are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    database_url: SecretStr = Field(description="PostgreSQL, as postgresql://user:password@host:port/name")
    audit_key_file: Path | None = Field(
        default=None, description="file with the Ed25519 key that signs checkpoints of the audit and evidence"
    )
    audit_checkpoints: Path | None = Field(
        default=None, description="file, outside the database, that signed checkpoints are appended to"
    )
    audit_public_keys: tuple[Path, ...] = Field(
        default=(), description="files with the public keys that signed before the present one"
    )

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("has to begin with postgresql://")
        return value

    @property
    def store(self) -> StoreSettings:
        return StoreSettings(url=self.database_url)

    def signer(self) -> Signer | None:
        """What signs checkpoints and evidence; None without `audit_key_file`. Raises `SettingsRejected`."""
        if self.audit_key_file is None:
            return None
        with _named(self.audit_key_file, "audit_key_file"):
            return Signer.read(secret_bytes(self.audit_key_file, "audit_key_file"))

    def trusted(self) -> KeyRing:
        """The public halves of the present key and of those before it. Raises `SettingsRejected`."""
        signer = self.signer()
        keys = [signer.public] if signer is not None else []
        for path in self.audit_public_keys:
            with _named(path, "audit_public_keys"):
                keys += public_keys(secret_bytes(path, "audit_public_keys"))
        return KeyRing.of(keys)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """From the environment and the file that it names. Raises `SettingsRejected` with everything that is wrong."""
        document, file = _file(environment.get(CONFIG))
        given = _from_file(document, file)
        given.update(_from_environment(cls, environment))
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise SettingsRejected(_complaint(error, document, file)) from None


class Settings(AuditSettings):
    """Everything that can be configured, for the API and the worker alike."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temporal_address: str = Field(default="127.0.0.1:7233", description="host:port of Temporal's frontend")
    temporal_namespace: str = Field(default="default", description="namespace in Temporal")
    secret_file: Path = Field(
        description="file of 32 or more random bytes: the key of markers; keep it, and the same in every process"
    )
    key_ring_file: Path | None = Field(
        default=None,
        description="file with the keys that secrets in the database are encrypted with, made by `daytwo keys new`; "
        "read again when it changes. Without one, a key that is derived from secret_file",
    )
    secret_folder: Path | None = Field(
        default=None, description="folder below which `secret://file/…` may read; without one, nowhere"
    )
    vault: VaultEntry | None = Field(default=None, description="HashiCorp Vault or OpenBao, for `secret://vault/…`")
    secret_names: Mapping[str, Annotated[str, Field(pattern=PATTERN)]] = Field(
        default={},
        description="references by name: what `secrets.NAME` means as the token of a connection, or in a step",
    )
    secret_retention_hours: int = Field(
        default=24, ge=1, le=720, description="secret inputs are deleted so many hours after their run has ended"
    )
    profile: Literal["default", "test"] = Field(default="default", description="`test` shortens all windows together")
    public_url: str | None = Field(default=None, description="address at which people reach the page")
    ci_audience: str | None = Field(
        default=None, description="whom the tokens of jobs have to be made for (`aud`); the page's address by default"
    )
    company: tuple[Path, ...] = Field(default=(), description="folders with catalog and action files")
    connections: Mapping[str, ConnectionEntry] = Field(default={}, description="CI systems by name")
    services: Mapping[str, ServiceEntry] = Field(default={}, description="HTTP services by name, that steps may call")
    events: Mapping[str, EventSourceEntry] = Field(
        default={}, description="systems that tell us of events, by name, that steps wait for"
    )
    admins: Annotated[str, Field(pattern=r"^group:[a-z0-9._-]+$")] | None = Field(
        default=None, description="group whose members administer, as group:platform"
    )
    sign_in: Literal["people", "tokens", "oidc"] | None = Field(
        default=None,
        description="`oidc`: by an identity provider; `tokens`: API tokens only; `people`: choose a person of the "
        "catalog, on loopback only",
    )
    oidc: OidcEntry | None = Field(default=None, description="the identity provider of `sign_in: oidc`")
    session_hours: int = Field(default=12, ge=1, le=168, description="a session ends after so many hours")
    session_idle_minutes: int = Field(
        default=120, ge=5, le=10_080, description="and when it was not used for so many minutes"
    )
    token_days: int = Field(default=365, ge=1, le=3650, description="a token is good for at most so many days")
    refusals_per_minute: int = Field(
        default=120, ge=10, description="wrong sessions and tokens from one address before it is slowed down"
    )
    requests_per_minute: int = Field(default=6000, ge=60, description="requests of one person or program")
    api_host: str = Field(default="127.0.0.1", description="address that the API listens on")
    api_port: int = Field(default=8080, ge=0, le=65535, description="port that the API listens on; 0 is any free one")
    notifications: NotificationsEntry | None = Field(
        default=None, description="who is told of what, and by which channels"
    )
    log_head_mb: int = Field(
        default=20, ge=1, le=1000, description="of a run's log, the first so many megabytes are kept"
    )
    log_tail_mb: int = Field(default=2, ge=1, le=100, description="and of what comes after those, the last so many")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least severe log line")

    @property
    def windows(self) -> Windows:
        return Windows.for_profile(self.profile)

    @property
    def unattended(self) -> timedelta:
        """How long schedules and triggers begin runs on the last word of an identity provider about their owner."""
        return timedelta(days=self.oidc.unattended_days if self.oidc is not None else UNATTENDED_DAYS)

    @property
    def page(self) -> str:
        """The page's address, without a slash at its end."""
        return (self.public_url or f"http://{self.api_host}:{self.api_port}").rstrip("/")

    @property
    def audience(self) -> str:
        """What tokens of jobs have to name as their audience."""
        return self.ci_audience or self.page

    def key(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, from the secret file. Raises `SettingsRejected`."""
        secret = secret_bytes(self.secret_file, "secret_file")
        if len(secret) < _SECRET_BYTES:
            raise SettingsRejected(
                f"The file of secret_file ({PREFIX}SECRET_FILE) has {len(secret)} bytes; at least {_SECRET_BYTES} "
                "random ones are needed. Nothing was started. Make it once, for all processes: openssl rand -hex 32."
            )
        return hmac.digest(secret, f"daytwo {purpose}".encode(), "sha256")

    @property
    def secret_retention(self) -> timedelta:
        return timedelta(hours=self.secret_retention_hours)

    def keys(self) -> Keys:
        """What is kept encrypted is encrypted with these. Raises `SettingsRejected`."""
        return follow(self.key_ring_file, derived(self.key("stored secrets")))

    def backends(self) -> dict[ConnectionName, ConnectionSettings]:
        """The connections with their secrets. Raises `SettingsRejected`."""
        return {ConnectionName(name): entry.settings(name) for name, entry in self.connections.items()}

    def references(self) -> dict[str, Reference]:
        """Where the tokens of connections are looked for when they are needed. Raises `SettingsRejected`."""
        found = {name: entry.reference(name, self.secret_names) for name, entry in self.connections.items()}
        return {name: one for name, one in found.items() if one is not None}

    def source(self, store: Store | None) -> SecretSource:
        """Who knows the secrets that are named by reference. Without a store, not what administrators have set."""
        providers: dict[str, Provider] = {"env": FromEnvironment(), OWN_FILE: FromTokenFile()}
        if self.secret_folder is not None:
            providers["file"] = FromFiles(self.secret_folder)
        if self.vault is not None:
            from daytwo_workflows.secret_sources.vault import FromVault  # hvac takes its time

            providers["vault"] = FromVault(self.vault)
        if store is not None:
            providers["stored"] = FromStore(store, self.keys())
        return SecretSource(providers)

    def secrets(self) -> tuple[str, ...]:
        """Values that may never stand in a log of a pipeline; those named by reference are known when they are used."""
        every = (secret for connection in self.backends().values() for secret in connection.secrets())
        return tuple(secret for secret in every if secret != NOT_YET)


@contextmanager
def _named(path: Path, name: str) -> Iterator[None]:
    try:
        yield
    except KeyUnusable as error:
        raise SettingsRejected(f"The file of {name} ({path}) has to hold {error}. Nothing was started.") from None


def _file(name: str | None) -> tuple[Document | None, Path | None]:
    if not name:
        return None, None
    path = Path(name).absolute()
    try:
        documents = parse(path.read_text(encoding="utf-8"))
    except YamlFault as fault:
        raise SettingsRejected(f"{path}:{fault}. Nothing was started.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRejected(
            f"The file {path} that {CONFIG} names cannot be read ({type(error).__name__}). Nothing was started."
        ) from None
    if len(documents) > 1 or (documents and not isinstance(documents[0].value, dict)):
        raise SettingsRejected(f"{path} has to be one YAML document of keys and values. Nothing was started.")
    return (documents[0] if documents else None), path


def _from_file(document: Document | None, file: Path | None) -> dict[str, Any]:
    if document is None or file is None or not isinstance(document.value, dict):
        return {}
    given: dict[str, Any] = dict(document.value)
    folder = file.parent
    for name in given.keys() & _FILES:
        given[name] = _beside(folder, given[name])
    for key in ("connections", "events", "services"):
        if isinstance(given.get(key), dict):
            given[key] = {name: _connection(folder, entry) for name, entry in given[key].items()}
    if "notifications" in given:
        given["notifications"] = beside(folder, given["notifications"])
    for name in given.keys() & {"oidc", "vault"}:
        given[name] = _connection(folder, given[name])
    return given


def _connection(folder: Path, entry: object) -> object:
    if not isinstance(entry, dict):
        return entry
    return {key: _beside(folder, value) if _names_files(key) else value for key, value in entry.items()}


def _names_files(key: object) -> bool:
    return isinstance(key, str) and key.endswith(("_file", "_files"))


def _beside(folder: Path, path: object) -> object:
    if isinstance(path, list):
        return [_beside(folder, one) for one in path]
    if isinstance(path, dict):
        return {key: _beside(folder, one) for key, one in path.items()}
    return folder / path if isinstance(path, str) else path


def _from_environment(model: type[BaseModel], environment: Mapping[str, str]) -> dict[str, object]:
    given: dict[str, object] = {}
    for name in model.model_fields.keys() - _ONLY_IN_FILE:
        value = environment.get(f"{PREFIX}{name.upper()}")
        if value:
            given[name] = value.split(os.pathsep) if name in _LISTS else value
    return given


def _complaint(error: ValidationError, document: Document | None, file: Path | None) -> str:
    lines = []
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        path, said = _place_of(fault["type"], fault["loc"]), fault["msg"].removeprefix("Value error, ")
        if fault["type"] in _KINDS:
            said = "has to be one of the kinds of CI system in docs/reference/settings.md"
        name = ".".join(map(str, path))
        lines.append(f"- {name}: {said[0].lower()}{said[1:]} ({_where(path, document, file)})" if path else f"- {said}")
    return "Nothing was started, because settings are missing or wrong:\n" + "\n".join(lines)


def _place_of(kind: str, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """As it stands in the file: what is wrong with a connection comes with its kind in between."""
    if path[:1] != ("connections",):
        return path
    return (*path, "backend") if kind in _KINDS else (*path[:2], *path[3:])


def _where(path: tuple[str | int, ...], document: Document | None, file: Path | None) -> str:
    variable = f"{PREFIX}{str(path[0]).upper()}"
    if file is None or document is None:
        return f"{variable}, or in the file of {CONFIG}"
    place = document.key(path)
    return f"{variable}, or {file}:{place.line}:{place.column}"
