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


class AuditVerification(View):
    """What the server found when it walked the whole chain. Where it does not hold, numbers are 0."""

    holds: bool
    broken_at: int | None = Field(description="the first entry that is not what was written")
    what: str | None = Field(description="how it shows")
    first: int = Field(description="the first entry that is there; 1 unless the audit was cut")
    last: int
    checkpoints: int = Field(description="signed checkpoints that were compared")
    outside: int = Field(description="of them, those that stood outside the database")
    sealed: int = Field(description="the last entry that one of them covers")
    unchecked: int = Field(description="checkpoints by keys that this server does not know")
    seconds: float


class AuditSeal(View):
    """How far the audit is signed, and by which keys."""

    entries: int = Field(description="number of the last entry")
    sealed: int = Field(description="number of the last entry that a signed checkpoint covers")
    sealed_at: datetime | None
    failing_since: datetime | None = Field(description="no checkpoint can be written outside the database since then")
    why: str | None
    keys: list[AuditKey]
