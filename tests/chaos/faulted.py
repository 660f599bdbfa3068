"""`make faults`, or `python -m tests.chaos.faulted --backend argo --dispatches 1000 --seed 7`.

So many dispatches on each CI system, each struck by a fault that the seed has drawn, in the whole house with the
windows of the profile `test`. Prints what came of them; ends with 1 when one was sent twice, lost or said to have ended
otherwise than it did, or when any other invariant is broken, and says how to do it again.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from tests.chaos.harness.campaign import Campaign
from tests.chaos.harness.facts import Facts, gather
from tests.chaos.harness.house import WORKER, ChaosHouse
from tests.chaos.harness.oracle import violations
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.plans import FAULTS, Dispatch, draw
from tests.chaos.harness.stage import Stage
from tests.chaos.harness.story import story
from tests.chaos.harness.tally import by_fault, by_system, table
from tests.chaos.harness.yard import lay_out

KINDS: Final = ("github", "gitlab", "argo")
COUNTS: Final = {"fast": 300, "slow": 120, "real": 1, "bare": 20}
_SHOWN: Final = 40


def main() -> int:
    given = _arguments()
    kinds = KINDS if given.backend == "all" else (given.backend,)
    with tempfile.TemporaryDirectory(prefix="dt-faults-") as folder:
        others = [kind for kind in kinds if kind != "github"]
        yard = lay_out(Path(folder) / "yard", COUNTS, more=others)
        with ChaosHouse.plan(Path(folder) / "data", yard, systems=others) as house:
            began = time.monotonic()
            broken = carry_out(
                _stage(house),
                _plans(given, kinds),
                seed=given.seed,
                at_once=given.at_once,
                say=_say,
                seconds=given.minutes * 60,
            )
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
    facts = gather(stage.house, stage.journal)
    systems = by_system(facts, campaign.runs, campaign.attended)
    faults = sorted(by_fault(facts, campaign.runs, campaign.attended), key=lambda line: line.title)
    say(f"\nSeed {seed}:\n\n{table(systems)}\n\n{table(faults)}\n")
    _tell(facts, campaign.runs, {note for line in systems for note in line.notes}, say)
    wrong = [f"{line.title}: {fault}" for line in systems for fault in line.broken]
    return [*wrong, *violations(facts)]


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


def _stage(house: ChaosHouse) -> Stage:
    journal = Journal()
    ana, ben, sam = (Person.sign_in(house.page, name, journal) for name in ("ana", "ben", "sam"))
    return Stage(house, journal, ana, ben, sam)


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
