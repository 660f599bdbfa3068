"""Freezes: windows of time in which what a selector names is not dispatched."""

import daytwo_actions.definitions  # noqa: F401 - first, because its registry reads freezes, too
from daytwo_actions.freezes.clocks import Period
from daytwo_actions.freezes.freeze import FreezeVersion, Held, opens, over_at
from daytwo_actions.freezes.load import LoadedFreeze, as_document, freeze_of, restore_freeze, started_now
from daytwo_actions.freezes.model import Freeze
from daytwo_actions.freezes.subject import Subject, subject_of

__all__ = [
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
