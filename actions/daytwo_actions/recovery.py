"""Words of undoing and resuming a run that has failed or was cancelled."""

from enum import StrEnum


class Choice(StrEnum):
    """What somebody says about the undo of a run."""

    UNDO = "undo"  # take back what the steps have done
    STOP = "stop"  # leave all of it as it is
    AGAIN = "again"  # try what has failed once more
    LEAVE = "leave"  # leave that as it is, and go on with what comes next


class Does(StrEnum):
    """What becomes of a step when its run is resumed."""

    SKIP = "skip"  # it is done, and carried over
    CHECK = "check"  # it only looks, and looks again
    REPEAT = "repeat"  # it had begun, and is done again
    BEGIN = "begin"  # it had not begun, or people decide on it anew
    ASK = "ask"  # whether it is done again is a person's to say


class Said(StrEnum):
    """What a person says of a step that is asked about when its run is resumed."""

    DONE = "done"  # it was carried out: it is carried over
    AGAIN = "again"  # it is done again, whatever was
