"""Faults on demand: which requests they hit and what they do.

A rule has a ``match`` and one or more actions. The words are those of the fault plans in the project's test program;
each action says whether it strikes before or after the request has taken effect.
"""

import random
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

When = Literal["before", "after"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Model):
    """Which requests: all conditions hold. ``nth`` counts the matching requests from 1; ``times`` ends the rule."""

    operation: str | None = None  # name of an operation, "webhook", or None for every request
    run: str | None = None  # regular expression, searched in the title and the inputs of the run
    nth: int | tuple[int, ...] | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    seed: int = 0


class StatusFault(_Model):
    """Answer with a status; ``after``: although the request took effect."""

    code: Annotated[int, Field(ge=100, le=599)]
    when: When = "before"
    message: str = "Server Error"


class TimeoutFault(_Model):
    """Hold the request. ``before``: then hang up, it has no effect; ``after``: it took effect, the answer is late."""

    seconds: Annotated[float, Field(ge=0)]
    when: When = "before"


class ResetFault(_Model):
    """Reset the connection."""

    when: Literal["before", "after", "mid_body"] = "before"


class GarbageFault(_Model):
    """Answer 200 with this body, although the request took effect."""

    body: str


class TruncateFault(_Model):
    """Close the connection after so many bytes of the body."""

    n: Annotated[int, Field(ge=0)]


class RedirectFault(_Model):
    """Redirect, without effect."""

    code: Literal[301, 302, 303, 307, 308] = 307
    url: str


class RetryAfterFault(_Model):
    """A secondary rate limit, without effect."""

    seconds: Annotated[int, Field(ge=0)]
    code: Literal[403, 429] = 429
    date: bool = False  # the header names the moment, and not the seconds


class LagFault(_Model):
    """Listings do not show the run for so long."""

    seconds: Annotated[float, Field(ge=0)]


class HookFault(_Model):
    """Send a signal to a process: exact crash points from outside."""

    signal: Literal["KILL", "STOP", "CONT", "TERM"]
    pid: int | None = None
    pidfile: str | None = None
    when: When = "before"


class WebhookFault(_Model):
    """What happens to deliveries of matching runs."""

    dup: Annotated[int, Field(ge=0)] = 0  # further deliveries of the same
    flood: Annotated[int, Field(ge=0)] = 0  # further deliveries about the same, each with an id of its own
    replay: Annotated[float, Field(ge=0)] = 0.0  # seconds until the same comes once more
    drop: Annotated[float, Field(ge=0, le=1)] = 0.0  # probability
    delay: Annotated[float, Field(ge=0)] = 0.0  # seconds
    shuffle: bool = False  # hold back, and let later ones overtake
    forge: bool = False  # before it, one with a wrong signature that claims success


class SkewFault(_Model):
    """The vendor's clock is so many seconds ahead, or with a minus behind: in ``Date``, times and filters by time."""

    seconds: float


class LogFault(_Model):
    """The log is another one, ``size`` bytes long, with a pause of seconds before each piece.

    ``lines`` repeats the pattern as lines (one at a time when it is slow), ``one_line`` without an end of line, ``odd``
    is controls, colours, marks that are not ours and text that turns round, ``bytes`` is no text at all.
    """

    generator: Literal["lines", "one_line", "odd", "bytes"]
    size: Annotated[int, Field(ge=0)]
    pattern: Annotated[str, Field(min_length=1)] = "a line of a log"
    pause: Annotated[float, Field(ge=0)] = 0.0


class ZipFault(_Model):
    """A zip file of artifacts is one that nobody should trust."""

    kind: Literal["bomb", "traversal", "symlink", "garbage"]


class Rule(_Model):
    """A fault."""

    match: Match = Match()
    status: StatusFault | None = None
    timeout: TimeoutFault | None = None
    reset: ResetFault | None = None
    garbage: GarbageFault | None = None
    truncate: TruncateFault | None = None
    redirect: RedirectFault | None = None
    retry_after: RetryAfterFault | None = None
    lag: LagFault | None = None
    hide_marker: bool = False
    wrong_id: bool = False
    delete_run: bool = False
    human_rerun: bool = False
    instant_finish: bool = False
    never_finish: bool = False
    webhook: WebhookFault | None = None
    hook: HookFault | None = None
    skew: SkewFault | None = None
    log: LogFault | None = None
    zip: ZipFault | None = None


class _Active:
    """A rule with its counters."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._seen = 0
        self._hits = 0
        self._dice = random.Random(rule.match.seed)  # noqa: S311  # reproducible on purpose, protects nothing

    def strikes(self, operation: str, about: str | None) -> bool:
        match = self.rule.match
        if match.operation not in {None, operation}:
            return False
        if match.run is not None and (about is None or not re.search(match.run, about)):
            return False
        self._seen += 1
        wanted = (match.nth,) if isinstance(match.nth, int) else match.nth
        if wanted is not None and self._seen not in wanted:
            return False
        if match.times is not None and self._hits >= match.times:
            return False
        if self._dice.random() >= match.probability:
            return False
        self._hits += 1
        return True


class FaultBook:
    """The rules in force, in the order in which they came. They are forgotten when the stand-in ends.

    ``cannot``: actions that make no sense for this vendor, and why.
    """

    def __init__(self, cannot: Mapping[str, str] = MappingProxyType({})) -> None:
        self._cannot = cannot
        self._rules: dict[int, _Active] = {}
        self._next = 1

    def add(self, rules: list[Rule]) -> list[int]:
        """Put rules in force; their ids.

        Raises:
            ValueError: there is an action that this vendor's stand-in cannot carry out.
        """
        for name, why in self._cannot.items():
            if any(name in rule.model_fields_set for rule in rules):
                raise ValueError(f"{name}: {why}")
        ids = list(range(self._next, self._next + len(rules)))
        self._next += len(rules)
        self._rules |= {number: _Active(rule) for number, rule in zip(ids, rules, strict=True)}
        return ids

    def remove(self, number: int | None = None) -> None:
        """Lift one rule, or all."""
        if number is None:
            self._rules.clear()
        else:
            self._rules.pop(number, None)

    def list(self) -> dict[int, Rule]:
        """The rules by id."""
        return {number: active.rule for number, active in self._rules.items()}

    def strike(self, operation: str, about: str | None) -> dict[int, Rule]:
        """The rules that hit this request; ``about`` is the title and the inputs of its run."""
        webhook = operation == "webhook"
        return {
            number: active.rule
            for number, active in list(self._rules.items())
            if (active.rule.webhook is not None) == webhook and active.strikes(operation, about)
        }

    def strike_webhook(self, about: str) -> tuple[WebhookFault, ...]:
        """What is to happen to a delivery about a run."""
        return tuple(rule.webhook for rule in self.strike("webhook", about).values() if rule.webhook)
