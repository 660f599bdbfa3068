"""What every connection has in the file, and how its secrets are read."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from daytwo_actions.backends.http.settings import HttpSettings
from daytwo_store.ids import ConnectionName
from daytwo_workflows.connections.renewed import NOT_YET
from daytwo_workflows.secret_files import SettingsRejected, secret_text
from daytwo_workflows.secret_sources.reference import (
    NAMED,
    OWN_FILE,
    PATTERN,
    Reference,
    ReferenceWrong,
    read_reference,
)

STORED: Final = "secret://stored"  # the credential that an administrator has set
_Settings = TypeVar("_Settings", bound=HttpSettings)


class Entry(BaseModel):
    """One CI system. The key `backend` of a subclass says of which kind; keys that end in `_file(s)` name files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: str
    address: str = Field(description="the API's address")
    token_file: Path | None = Field(description="file with the token")  # None only where a kind knows something else
    token: Annotated[str, Field(pattern=f"{PATTERN}|{NAMED}")] | None = Field(
        default=None,
        description="instead of token_file: where it is, as `secret://vault/ci/github#token` or `secrets.github`",
    )
    webhook_secret_files: tuple[Path, ...] = Field(
        default=(), description="files with the secrets that deliveries are signed with; two during a change"
    )
    requests_per_hour: Annotated[int, Field(ge=60)] | None = Field(
        default=None, description="requests an hour that its poller keeps to; else 2,500, or half of what GitHub allows"
    )
    token_issuer: str | None = Field(
        default=None, description="who makes the tokens of its jobs, where that is not what is usual for the kind"
    )
    run_tokens: bool = Field(
        default=False, description="hand each attempt a token of ours as the input `daytwo_token`, to claim and report"
    )
    ca_file: Path | None = Field(
        default=None,
        description="file with the certificates that the server's is checked by, in place of this machine's",
    )
    private_links: bool = Field(
        default=False,
        description="links in its answers (archives of logs) may lead into a private network, though its API is public",
    )

    def reference(self, name: str, named: Mapping[str, str]) -> Reference | None:
        """Where the token is, to be looked for when it is needed. `named` are references by name. None where a kind
        knows something else.

        Raises `SettingsRejected`.
        """
        if self.token is None:
            return None if self.token_file is None else Reference(OWN_FILE, str(self.token_file))
        text = self.token
        if text.startswith("secrets."):
            found = named.get(text.removeprefix("secrets."))
            if found is None:
                raise SettingsRejected(
                    f"connections.{name}.token is {text}, and `secret_names` has no such name. Nothing was started."
                )
            text = found
        try:
            return read_reference(text, connection=name)
        except ReferenceWrong as wrong:
            raise SettingsRejected(f"connections.{name}.token {wrong}. Nothing was started.") from None

    def _one_token(self) -> None:
        """Raises `ValueError`."""
        if (self.token_file is None) == (self.token is None):
            raise ValueError("needs token_file, or token with a reference, and not both")

    def _read(self, name: str, key: str) -> tuple[SecretStr, ...]:
        """The secrets in the files of one key, in their order. Raises `SettingsRejected`."""
        files = getattr(self, key)
        paths = files if isinstance(files, tuple) else () if files is None else (files,)
        return tuple(SecretStr(secret_text(path, f"connections.{name}.{key}")) for path in paths)

    def _make(self, make: Callable[..., _Settings], name: str, **rest: Any) -> _Settings:
        """Settings of a backend from what all kinds have and the `rest`. Raises `SettingsRejected`."""
        for token in self._read(name, "token_file"):
            rest["token"] = token
        if self.token is not None:
            rest["token"] = SecretStr(NOT_YET)
        hooks = self._read(name, "webhook_secret_files")
        self._read(name, "ca_file")  # it is there, and can be read
        try:
            return make(
                name=ConnectionName(name),
                base=self.address,
                webhook_secrets=hooks,
                token_issuer=self.token_issuer,
                run_tokens=self.run_tokens,
                ca_file=self.ca_file,
                private_links=self.private_links,
                **rest,
            )
        except ValidationError as error:
            said = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            raise SettingsRejected(f"The connection {name} cannot be used: {said}. Nothing was started.") from None
