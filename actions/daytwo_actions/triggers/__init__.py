"""Triggers: what has to happen for a run of an action to be asked for, and in whose name."""

from daytwo_actions.triggers.load import LoadedTrigger, restore_trigger, trigger_of, unfitting_trigger
from daytwo_actions.triggers.model import Trigger, TriggerSpec
from daytwo_actions.triggers.reading import Unreadable, Wanted, items_of, wanted
from daytwo_store.triggers import CATALOG, RUNS

__all__ = [
    "CATALOG",
    "RUNS",
    "LoadedTrigger",
    "Trigger",
    "TriggerSpec",
    "Unreadable",
    "Wanted",
    "items_of",
    "restore_trigger",
    "trigger_of",
    "unfitting_trigger",
    "wanted",
]
