"""The audit as it is read."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from daytwo_api.views.common import Person, View


class AuditEntry(View):
    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    facts: dict[str, str]
    hash: str


class AuditShown(AuditEntry):
    """An entry for people to read."""

    who: Person = Field(description="the actor; Daytwo itself where nobody in particular did it")


class ExportFormat(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"


class AuditKey(View):
    id: str = Field(description="as checkpoints and evidence name it")
    pem: str = Field(description="the public key")
    current: bool = Field(description="it signs now")


class AuditSeal(View):
    """How far the audit is signed, and by which keys."""

    entries: int = Field(description="number of the last entry")
    sealed: int = Field(description="number of the last entry that a signed checkpoint covers")
    sealed_at: datetime | None
    failing_since: datetime | None = Field(description="no checkpoint can be written outside the database since then")
    why: str | None
    keys: list[AuditKey]
