"""How the pipeline files of a sealed plan differ from those of the last run here: read from the vendors, and only when
somebody looks, so that nothing slow stands before a decision."""

import asyncio
import difflib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

from daytwo_actions.backends.base import Backend
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.some import Showing
from daytwo_actions.plan.model import Plan
from daytwo_actions.plan.steps import PlannedStep
from daytwo_api.views.approvals import PipelineChange

MOST_LINES: Final = 400  # of one difference
_KEPT: Final = 64  # files; one at a commit never changes
_LONGEST: Final = 262_144  # characters of a file that are compared
_PATIENCE: Final = 15.0  # seconds
Key = tuple[str, str, str, str]


class PipelineChanges:
    def __init__(self, backends: Mapping[str, Backend]) -> None:
        self._backends = backends
        self._files: OrderedDict[Key, str] = OrderedDict()

    async def of(self, plan: Plan, last: Plan | None, *, shown: bool) -> Sequence[PipelineChange]:
        """`shown`: may the asker see the files? They are read with the connection's credential."""
        before = {step.path: step for step in last.dispatches} if last else {}
        run = last.run if last else None
        return await asyncio.gather(*(self._of(step, before.get(step.path), run, shown) for step in plan.dispatches))

    async def _of(self, step: PlannedStep, last: PlannedStep | None, run: str | None, shown: bool) -> PipelineChange:
        same = last is not None and (last.uses, last.target) == (step.uses, step.target)
        changed = None if last is None else not same or last.pinned.pipeline_digest != step.pinned.pipeline_digest
        diff, why_not = None, None
        if last is not None and changed:
            diff, why_not = await self._compared(step, last) if shown else (None, _HIDDEN)
        lines = diff.splitlines() if diff else []
        return PipelineChange(
            step=step.path,
            connection=step.uses,
            project=step.project,
            pipeline=step.pipeline,
            commit=step.pinned.commit,
            previous_run=run if last else None,
            previous_commit=last.pinned.commit if last else None,
            changed=changed,
            diff="\n".join(lines[:MOST_LINES]) if lines else None,
            cut=len(lines) > MOST_LINES,
            why_not=why_not,
        )

    async def _compared(self, step: PlannedStep, last: PlannedStep) -> tuple[str | None, str | None]:
        try:
            async with asyncio.timeout(_PATIENCE):
                old, new = await asyncio.gather(self._file(last), self._file(step))
        except _Unknown as error:
            return None, str(error)
        except (BackendUnreachable, BackendDenied) as error:
            return None, f"The difference cannot be had: {error.detail}"
        except TimeoutError:
            return None, f"{step.uses} did not answer in time. Look again, or compare the two commits there."
        names = [f"{one.pipeline or one.project} at {one.pinned.commit[:12]}" for one in (last, step)]
        found = await asyncio.to_thread(_diff, old, new, names)
        return found or None, None if found else "The file itself is the same; what it includes is not."

    async def _file(self, step: PlannedStep) -> str:
        backend = self._backends.get(step.uses)
        if backend is None:
            raise _Unknown(f"The connection {step.uses} is no longer configured here.")
        if not isinstance(backend, Showing):
            raise _Unknown(f"{backend.traits.title} keeps no earlier versions of a pipeline; the digests differ.")
        key = (step.uses, step.project, step.pipeline, step.pinned.commit)
        if key not in self._files:
            self._files[key] = (await backend.pipeline_file(step.target, step.pinned.commit))[:_LONGEST]
            while len(self._files) > _KEPT:
                self._files.popitem(last=False)
        return self._files[key]


class _Unknown(Exception):
    pass


_HIDDEN: Final = "It has changed. How, is shown to those who decide on it, and to those who may read pipelines."


def _diff(old: str, new: str, names: Sequence[str]) -> str:
    return "\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), names[0], names[1], lineterm="", n=3))
