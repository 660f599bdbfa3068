"""Credentials of connections: set, replaced, taken away; never shown."""

from datetime import datetime
from typing import Literal

from pydantic import Field, SecretStr

from daytwo_api.views.common import Person, Request, View


class CredentialView(View):
    """Where the credential of a connection comes from. Never the credential."""

    connection: str
    source: Literal["file", "reference", "stored"] = Field(
        description="file: a file of the settings; reference: a provider; stored: set here"
    )
    reference: str | None = Field(description="which one, as secret://vault/ci/github#token")
    set_at: datetime | None = Field(description="when somebody set it here; None: nobody has")
    set_by: Person | None


class CredentialRequest(Request):
    credential: SecretStr
