"""`make faults`, or `python -m tests.chaos.faulted --backend argo --dispatches 1000 --seed 7`.

So many dispatches on each CI system, each struck by a fault that the seed has drawn, in the whole house with the
windows of the profile `test`. Prints what came of them; ends with 1 when one was sent twice, lost or said to have ended
otherwise than it did, when any other invariant is broken, or when something was said to a CI system, or by one, that
its vendor does not describe. Says how to do it again.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from tests.chaos.harness.bounds import MB, USUAL, Limits
from tests.chaos.harness.campaign import Campaign
from tests.chaos.harness.facts import Facts
from tests.chaos.harness.house import WORKER, ChaosHouse
from tests.chaos.harness.oracle import violations
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.plans import FAULTS, Dispatch, draw
from tests.chaos.harness.stage import Stage, Watch
from tests.chaos.harness.story import story
from tests.chaos.harness.tally import by_fault, by_system, table
from tests.chaos.harness.yard import lay_out
from tests.support.described import FOLDER

from daytwo_standins.shared.contract import SETTING
from daytwo_standins.shared.violations import found_in

KINDS: Final = ("github", "gitlab", "argo")
COUNTS: Final = {"fast": 300, "slow": 120, "real": 1, "bare": 20}
_SHOWN: Final = 40


def main() -> int:
    given = _arguments()
    kinds = KINDS if given.backend == "all" else (given.backend,)
    if FOLDER.is_dir():
        os.environ[SETTING] = str(FOLDER)
    with tempfile.TemporaryDirectory(prefix="dt-faults-") as folder:
        others = [kind for kind in kinds if kind != "github"]
        yard = lay_out(Path(folder) / "yard", COUNTS, more=others)
        house = ChaosHouse.plan(Path(folder) / "data", yard, systems=others)
        with house, _stage(house) as stage:
            for line in contracts(house):
                _say(line)
            began = time.monotonic()
            broken = carry_out(
                stage,
                _plans(given, kinds),
                seed=given.seed,
                at_once=given.at_once,
                say=_say,
                seconds=given.minutes * 60,
            )
            for name in house.systems:
                with house.control(name) as control:
                    control.forget_violations()  # they are among what is broken
            _say(f"{time.monotonic() - began:.0f} s; the worker was killed {house.restarts(WORKER)} times.")
    for fault in broken[:_SHOWN]:
        _say(fault)
    if broken:
        _say(f"{len(broken)} invariants are broken. Again: {replay(given)}")
    return 1 if broken else 0


def carry_out(
    stage: Stage,
    plans: Sequence[Sequence[Dispatch]],
    *,
    seed: int,
    at_once: int,
    say: Callable[[str], None],
    seconds: float = float("inf"),
) -> list[str]:
    """The whole campaign; what it has broken."""
    stage.begin()
    campaign = Campaign(stage, say)
    campaign.play(plans, seed=seed, at_once=at_once, seconds=seconds)
    facts = stage.facts(_limits(len(campaign.runs)))
    systems = by_system(facts, campaign.runs, campaign.attended)
    faults = sorted(by_fault(facts, campaign.runs, campaign.attended), key=lambda line: line.title)
    say(f"\nSeed {seed}:\n\n{table(systems)}\n\n{table(faults)}\n")
    _tell(facts, campaign.runs, {note for line in systems for note in line.notes}, say)
    wrong = [f"{line.title}: {fault}" for line in systems for fault in line.broken]
    undescribed = [f"{name}: {line}" for name in stage.house.systems for line in found_in(stage.house.data / name)]
    return [*wrong, *violations(facts), *undescribed]


def contracts(house: ChaosHouse) -> Iterator[str]:
    """A sentence of each CI system: whether what is said to it and by it is held against its vendor's description."""
    for name in house.systems:
        with house.control(name) as control:
            yield str(control.state()["contract"])


def _limits(runs: int) -> Limits:
    """Those of a test, and what each dispatch writes besides: its rows, its history, its log lines."""
    return Limits(logs=USUAL.logs + runs * MB // 20, files=USUAL.files + runs * MB // 5)


def _tell(facts: Facts, runs: Mapping[str, Dispatch], notes: Collection[str], say: Callable[[str], None]) -> None:
    """The whole story of what was sent twice, lost, or ended otherwise than it is said to."""
    for run, one in islice(((run, one) for run, one in runs.items() if one.note in notes), _SHOWN):
        say(story(facts, run, one))


def replay(given: argparse.Namespace) -> str:
    """The command that does it again."""
    return (
        f".venv/bin/python -m tests.chaos.faulted --backend {given.backend} --dispatches {given.dispatches}"
        f" --seed {given.seed} --at-once {given.at_once}" + (f" --only '{given.only}'" if given.only else "")
    )


def _plans(given: argparse.Namespace, kinds: Sequence[str]) -> list[list[Dispatch]]:
    return [draw(kind, given.dispatches, given.seed, only=given.only) for kind in kinds]


@contextmanager
def _stage(house: ChaosHouse) -> Iterator[Stage]:
    """With people, and with what looks on: I7 and the bounds of I9 are judged, too."""
    journal = Journal()
    people = [Person.sign_in(house.page, name, journal) for name in ("ana", "ben", "sam")]
    with Watch.over(house, journal, people) as watch:
        yield Stage(house, journal, *people, watch=watch)
    for person in people:
        person.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.faulted", description="Faulted dispatches, counted.")
    parser.add_argument("--backend", choices=("all", *KINDS), default="all")
    parser.add_argument("--dispatches", type=int, default=1000, help="on each backend")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--at-once", type=int, default=12, help="dispatches under way together")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no dispatch after so many")
    parser.add_argument("--only", choices=[fault.name for fault in FAULTS], default="", help="one fault for all")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
