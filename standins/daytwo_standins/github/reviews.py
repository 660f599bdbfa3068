"""What a run waits for before it begins: the reviewers and timers of the environments that its jobs name.

https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/review-deployments
On GitHub each job waits by itself; here the whole run does, before its first job.
"""

import dataclasses
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from daytwo_standins.github.config import Config, Environment
from daytwo_standins.github.runs import Run
from daytwo_standins.shared.durable_lines import DurableLines
from daytwo_standins.shared.files import read_lines

_MINUTE = 60.0


class Verdict(StrEnum):
    """What a reviewer says, in GitHub's words."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """One answer to one environment of one attempt."""

    run_id: int
    attempt: int
    environment: str
    verdict: Verdict
    login: str
    comment: str
    rule: bool = False  # of the App that is a protection rule, and not of a reviewer


class Reviews:
    """The answers that were given, and what follows from them."""

    def __init__(self, config: Config, folder: Path) -> None:
        self._environments = {
            (repository.full_name, one.name): one
            for repository in config.repositories
            for one in repository.environments
        }
        path = folder / "reviews.jsonl"
        self._lines = DurableLines(path)
        self._given = [Review(**line | {"verdict": Verdict(line["verdict"])}) for line in read_lines(path)]

    async def add(self, review: Review) -> None:
        """Take an answer; it is durable when this returns."""
        await self._lines.append(dataclasses.asdict(review))
        self._given.append(review)

    def of(self, run: Run) -> list[Review]:
        """The answers to the newest attempt of a run."""
        return [one for one in self._given if (one.run_id, one.attempt) == (run.id, run.latest.number)]

    def environments(self, run: Run) -> list[Environment]:
        """The protected environments that a run names, each once."""
        names = dict.fromkeys(gated.environment for gated in run.accepted.gated)
        found = (self._environments.get((run.accepted.repository, name)) for name in names)
        return [one for one in found if one is not None and one.protected]

    def pending(self, run: Run, now: float) -> list[Environment]:
        """The environments that a run still waits for."""
        given = self.of(run)
        return [one for one in self.environments(run) if not _open(one, given, now - run.latest.created_at)]

    def rejected(self, run: Run) -> Review | None:
        """The answer that ends the run."""
        return next((one for one in self.of(run) if one.verdict is Verdict.REJECTED), None)

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()


def _open(one: Environment, given: Iterable[Review], waited: float) -> bool:
    said = {r.rule for r in given if r.environment == one.name and r.verdict is Verdict.APPROVED}
    reviewed, allowed = False in said or not one.reviewers, True in said or not one.custom_rule
    return reviewed and allowed and waited >= one.wait_timer * _MINUTE
