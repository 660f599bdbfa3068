"""Every table; importing this fills `Base.metadata`."""

from daytwo_store.tables.approvals import ApprovalRow, CommentRow, DecisionRow, DelegationRow
from daytwo_store.tables.audit import AuditCheckpointRow, AuditHeadRow, AuditRow, AuditSealRow
from daytwo_store.tables.base import Base, Json
from daytwo_store.tables.catalog import EntityEventRow, EntityRow, KindRow, RelationRow
from daytwo_store.tables.events import EventRow
from daytwo_store.tables.freezes import FreezeEndRow, FreezeExceptionRow, FreezeRow, StopRow
from daytwo_store.tables.identity import PrincipalRow, RoleGrantRow, SessionRow, TokenRow
from daytwo_store.tables.locks import FENCE, PLACE, LockHoldRow, LockQueueRow, LockRow
from daytwo_store.tables.runs import (
    ActionVersionRow,
    AttemptRow,
    ExternalRunRow,
    FindingRow,
    GateAnswerRow,
    ReviewRow,
    RunRow,
    StepRow,
)
from daytwo_store.tables.schedules import FiringRow, ScheduleRow
from daytwo_store.tables.secrets import SecretRow
from daytwo_store.tables.tasks import TaskRow
from daytwo_store.tables.traffic import (
    ConnectionRow,
    GateQuestionRow,
    LeaseRow,
    LogChunkRow,
    LogSourceRow,
    MessageRow,
    NotificationRow,
    OutboxRow,
    RefusedWebhookRow,
    WebhookRow,
)
from daytwo_store.tables.triggers import ReactionRow, TriggerRow

__all__ = [
    "FENCE",
    "PLACE",
    "ActionVersionRow",
    "ApprovalRow",
    "AttemptRow",
    "AuditCheckpointRow",
    "AuditHeadRow",
    "AuditRow",
    "AuditSealRow",
    "Base",
    "CommentRow",
    "ConnectionRow",
    "DecisionRow",
    "DelegationRow",
    "EntityEventRow",
    "EntityRow",
    "EventRow",
    "ExternalRunRow",
    "FindingRow",
    "FiringRow",
    "FreezeEndRow",
    "FreezeExceptionRow",
    "FreezeRow",
    "GateAnswerRow",
    "GateQuestionRow",
    "Json",
    "KindRow",
    "LeaseRow",
    "LockHoldRow",
    "LockQueueRow",
    "LockRow",
    "LogChunkRow",
    "LogSourceRow",
    "MessageRow",
    "NotificationRow",
    "OutboxRow",
    "PrincipalRow",
    "ReactionRow",
    "RefusedWebhookRow",
    "RelationRow",
    "ReviewRow",
    "RoleGrantRow",
    "RunRow",
    "ScheduleRow",
    "SecretRow",
    "SessionRow",
    "StepRow",
    "StopRow",
    "TaskRow",
    "TokenRow",
    "TriggerRow",
    "WebhookRow",
]
