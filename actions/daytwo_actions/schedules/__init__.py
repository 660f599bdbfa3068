"""Schedules: when runs of an action are asked for by themselves, and in whose name."""

from daytwo_actions.schedules.cron import CronFault
from daytwo_actions.schedules.load import (
    LoadedSchedule,
    as_document,
    restore_schedule,
    schedule_of,
    times_in,
    unfitting,
)
from daytwo_actions.schedules.model import Schedule, ScheduleSpec
from daytwo_actions.schedules.times import MOST_COUNTED, Due, TimeFault, Times, times_of

__all__ = [
    "MOST_COUNTED",
    "CronFault",
    "Due",
    "LoadedSchedule",
    "Schedule",
    "ScheduleSpec",
    "TimeFault",
    "Times",
    "as_document",
    "restore_schedule",
    "schedule_of",
    "times_in",
    "times_of",
    "unfitting",
]
