"""Which fault strikes which dispatch: drawn from the grammar of the stand-ins by a seed, so that it can be drawn again.

Each fault is one that a CI system, a network or a machine has had. What is drawn is only a list; nothing is done here.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]
ARGO: Final = frozenset({"argo"})
GITLAB: Final = frozenset({"gitlab"})
WORKER_PIDFILE: Final = "the worker's"  # put in when the rule is put in force


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """`draw` gives the actions of a rule. `guarded`: only where somebody has approved, and a person may be asked.

    A run that a listing shows later than allowed for cannot be told from one that never was: where nobody approved, it
    would be sent again, which only a claim fence makes harmless. Argo sends no webhooks, and a workflow there without
    our label is somebody else's for everybody: a person could not say either that it is ours. 403 is a limit on GitHub
    only; elsewhere it says that the credential may not do this, and nothing is sent again.
    """

    name: str
    weight: int
    draw: Callable[[random.Random], Json]
    guarded: bool = False
    on_webhooks: bool = False
    bare: bool = False  # its run shows no marker, so a person says whose it is
    not_on: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatch:
    """One of them. `note` finds it everywhere; `conclusion` is what its pipeline comes to."""

    note: str
    system: str
    fault: str
    rule: Json | None
    executor: str
    environment: str
    conclusion: str

    @property
    def guarded(self) -> bool:
        """Whether somebody has to approve it."""
        return self.environment == "production"

    @property
    def end(self) -> str:
        """The only true end of its run."""
        return "succeeded" if self.conclusion == "success" else "failed"


def draw(system: str, count: int, seed: int, *, only: str = "") -> list[Dispatch]:
    """The plan of a whole campaign on one system; `only` names the one fault that all of it is about."""
    dice = random.Random(f"{system}-{seed}")  # reproducible on purpose, protects nothing
    faults = [fault for fault in FAULTS if system not in fault.not_on and only in {"", fault.name}]
    chosen = dice.choices(faults, [fault.weight for fault in faults], k=count)
    notes = (f"f{number:05}-{system}-{seed:x}" for number in range(count))  # several campaigns may share a house
    return [_dispatch(dice, system, note, fault) for note, fault in zip(notes, chosen, strict=True)]


def noise(operations: Sequence[str], seed: int, *, probability: float = 0.03) -> list[Json]:
    """Every read fails now and then."""
    match = {"probability": probability, "seed": seed}
    return [
        {"match": {**match, "operation": operation}, "status": {"code": 503, "when": "before"}}
        for operation in operations
    ]


def _dispatch(dice: random.Random, system: str, note: str, fault: Fault) -> Dispatch:
    failing = dice.random() < 0.2 and not fault.bare
    return Dispatch(
        note=note,
        system=system,
        fault=fault.name,
        rule=_rule(note, fault, fault.draw(dice)),
        executor="bare" if fault.bare else "slow" if failing else "fast",
        environment="production" if fault.guarded or dice.random() < 0.1 else "staging",
        conclusion="failure" if failing else "success",
    )


def _rule(note: str, fault: Fault, actions: Json) -> Json | None:
    if not actions:
        return None
    if fault.on_webhooks:
        return {"match": {"operation": "webhook", "run": note}, **actions}
    return {"match": {"operation": "dispatch", "run": note, "times": 1}, **actions}


def _status(when: str, **more: Any) -> Callable[[random.Random], Json]:
    return lambda dice: {"status": {"code": dice.choice((500, 502, 503, 504)), "when": when}, **more}


def _held(when: str) -> Callable[[random.Random], Json]:
    """Longer than a POST may take."""
    return lambda dice: {"timeout": {"seconds": dice.uniform(3.5, 6.0), "when": when}}


def _killed(when: str, **more: Any) -> Callable[[random.Random], Json]:
    return lambda _: {"hook": {"signal": "KILL", "pidfile": WORKER_PIDFILE, "when": when}, **more}


def _limited(code: int) -> Callable[[random.Random], Json]:
    """Told in seconds or, as Argo's own limiter does, as a moment."""
    return lambda dice: {"retry_after": {"seconds": dice.randint(1, 3), "code": code, "date": dice.random() < 0.3}}


def _lagging(dice: random.Random) -> Json:
    """The answer is lost, and listings show the run later, by less than is allowed for."""
    return {**_status("after")(dice), "lag": {"seconds": dice.uniform(1.0, 8.0)}}


def _fixed(**actions: Any) -> Callable[[random.Random], Json]:
    return lambda _: actions


def _garbage(dice: random.Random) -> Json:
    return {"garbage": {"body": dice.choice(("", "<html>busy</html>", "{}", "[]", "null", '{"id": "x"}', "\x00"))}}


FAULTS: Final[Sequence[Fault]] = (
    Fault(name="none", weight=8, draw=_fixed()),
    Fault(name="5xx before it is accepted", weight=12, draw=_status("before")),
    Fault(name="5xx after it was accepted", weight=12, draw=_status("after")),
    Fault(name="no answer, not accepted", weight=6, draw=_held("before")),
    Fault(name="no answer, accepted", weight=6, draw=_held("after")),
    Fault(name="reset before", weight=4, draw=_fixed(reset={"when": "before"})),
    Fault(name="reset after", weight=4, draw=_fixed(reset={"when": "after"})),
    Fault(name="reset in the answer", weight=4, draw=_fixed(reset={"when": "mid_body"})),
    Fault(name="nonsense as the answer", weight=5, draw=_garbage),
    Fault(name="answer cut short", weight=4, draw=lambda dice: {"truncate": {"n": dice.randint(0, 30)}}),
    Fault(name="another's id in the answer", weight=3, draw=_fixed(wrong_id=True)),
    Fault(name="429 with Retry-After", weight=5, draw=_limited(429)),
    Fault(name="403 with Retry-After", weight=4, draw=_limited(403), not_on=ARGO | GITLAB),
    Fault(name="answer lost, listed late", weight=6, draw=_lagging),
    Fault(name="answer lost, listed too late", weight=1, draw=_status("after", lag={"seconds": 30.0}), guarded=True),
    Fault(name="marker hidden", weight=3, draw=_fixed(hide_marker=True), bare=True, not_on=ARGO),
    Fault(name="webhooks lost", weight=4, draw=_fixed(webhook={"drop": 1.0}), on_webhooks=True, not_on=ARGO),
    Fault(
        name="webhooks twice",
        weight=3,
        draw=_fixed(webhook={"dup": 2, "shuffle": True}),
        on_webhooks=True,
        not_on=ARGO,
    ),
    Fault(name="webhooks forged", weight=2, draw=_fixed(webhook={"forge": True}), on_webhooks=True, not_on=ARGO),
    Fault(name="worker killed before", weight=1, draw=_killed("before", reset={"when": "before"})),
    Fault(name="worker killed after", weight=1, draw=_killed("after")),
)


def in_force(rule: Mapping[str, Any], pidfile: str) -> Json:
    """The rule as the stand-in takes it."""
    if "hook" not in rule:
        return dict(rule)
    return {**rule, "hook": {**rule["hook"], "pidfile": pidfile}}
