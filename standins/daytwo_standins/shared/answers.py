"""An answer to a request, and what the fault rules that hit it do to the run that it creates."""

import dataclasses
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from daytwo_standins.shared.faults import LogFault

SOMEBODY = "somebody"  # who runs things again on a fault's behalf


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Status, headers and body; ``data`` becomes JSON, ``raw`` is sent as it is."""

    status: int = 200
    data: Any = None
    raw: bytes | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    pieces: AsyncIterator[bytes] | None = None  # sent one after the other, instead of either
    crashed: bool = False  # it is no answer of the vendor's: the stand-in itself has failed


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Effects:
    """What a fault does to one run for as long as it exists."""

    invisible_until: float = 0.0  # listings do not show it before (wall clock)
    hide_marker: bool = False
    deleted: bool = False
    never_finish: bool = False
    human_rerun: bool = False  # somebody has it run again once it has ended


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CallEffects:
    """What fault rules do to the run that a dispatch creates, and to what is read."""

    lag: float = 0.0
    hide_marker: bool = False
    wrong_id: bool = False
    delete_run: bool = False
    instant_finish: bool = False
    never_finish: bool = False
    human_rerun: bool = False
    skew: float = 0.0  # seconds that the vendor's clock is ahead
    log: LogFault | None = None
    archive: str = "good"

    def lasting(self) -> Effects:
        """The part that stays with the run."""
        return Effects(
            invisible_until=time.time() + self.lag if self.lag else 0.0,
            hide_marker=self.hide_marker,
            deleted=self.delete_run,
            never_finish=self.never_finish,
            human_rerun=self.human_rerun,
        )
