"""Freezes: windows of time in which what a selector names is not dispatched."""

from daytwo_actions.freezes.clocks import Period
from daytwo_actions.freezes.freeze import HORIZON, FreezeVersion, Held, opens, over_at
from daytwo_actions.freezes.load import LoadedFreeze, as_document, freeze_of, restore_freeze, started_now
from daytwo_actions.freezes.model import Freeze
from daytwo_actions.freezes.subject import Subject, subject_of

__all__ = [
    "HORIZON",
    "Freeze",
    "FreezeVersion",
    "Held",
    "LoadedFreeze",
    "Period",
    "Subject",
    "as_document",
    "freeze_of",
    "opens",
    "over_at",
    "restore_freeze",
    "started_now",
    "subject_of",
]
