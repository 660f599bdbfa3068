"""Every step of some actions against the pipelines that it leads to. Bounded, and never in anybody's way.

A CI system that does not answer in time is said as "not checked"; so is a project that cannot be seen, since a wrong
credential is not the definition's fault.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from daytwo_actions.backends.base import Backend, Target
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.backends.pipelines import PipelineInputs, Severity
from daytwo_actions.contracts.aims import Aimed, Record, Unaimed, aims
from daytwo_actions.contracts.compare import Finding, compare
from daytwo_actions.definitions import ActionVersion
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.expressions import did_you_mean

SECONDS: Final = 20.0  # for everything together
_TOGETHER: Final = 6  # questions at a time
_MOST_NAMED: Final = 3  # entities, in a message


@dataclass(frozen=True, slots=True)
class Missing:
    """The project is there, and the pipeline or the ref is not, or cannot be started."""

    detail: str
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class Unasked:
    """Nothing is known about the pipeline."""

    because: str


Known = PipelineInputs | Missing | Unasked
_Key = tuple[str, Target]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Problems with their severities; those of the severity `note` are steps that were not checked."""

    problems: tuple[Problem, ...]
    checked: int  # pairs of a step and a pipeline

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(one for one in self.problems if one.severity is Severity.ERROR)


async def check_contracts(
    versions: Iterable[ActionVersion],
    backends: Mapping[str, Backend],
    entities: Sequence[Record],
    *,
    seconds: float = SECONDS,
) -> Report:
    """Ask the CI systems and compare. Raises nothing."""
    found = [one for version in versions for one in aims(version, entities)]
    aimed = [one for one in found if isinstance(one, Aimed) and one.step.uses in backends]
    known = await _ask({(one.step.uses, one.target) for one in aimed}, backends, seconds)
    problems = [_not_checked(one, one.because, ()) for one in found if isinstance(one, Unaimed)]
    steps: dict[tuple[str, str], list[Aimed]] = {}
    for one in aimed:
        steps.setdefault((one.version.name, one.pointer), []).append(one)
    for group in steps.values():
        problems += _of_step(group, known)
    checked = sum(not isinstance(known[one.step.uses, one.target], Unasked) for one in aimed)
    unique = tuple(dict.fromkeys(sorted(problems, key=lambda one: (one.file, one.line, one.column, one.message))))
    return Report(problems=unique, checked=checked)


async def _ask(wanted: set[_Key], backends: Mapping[str, Backend], seconds: float) -> dict[_Key, Known]:
    gate = asyncio.Semaphore(_TOGETHER)

    async def one(key: _Key) -> Known:
        async with gate:
            try:
                return await _look(backends[key[0]], key[1])
            except Exception as error:  # noqa: BLE001  # a fault of ours must not keep anybody from registering
                return Unasked(f"what the CI system answers could not be understood ({type(error).__name__})")

    tasks = {key: asyncio.create_task(one(key)) for key in wanted}
    if tasks:
        _, late = await asyncio.wait(tasks.values(), timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    slow = Unasked(f"the CI system did not answer within {seconds:g} s")
    return {key: slow if task.cancelled() else task.result() for key, task in tasks.items()}


async def _look(backend: Backend, target: Target) -> Known:
    try:
        return await backend.parameters(target)
    except BackendUnreachable as error:
        return Unasked(error.detail)
    except BackendDenied as error:
        return await _denied(backend, target, error.detail)


async def _denied(backend: Backend, target: Target, detail: str) -> Known:
    """Is it the pipeline that is not there, or can nothing of the project be seen?"""
    try:
        offered = await backend.pipelines(target.project)
    except (BackendDenied, BackendUnreachable) as error:
        return Unasked(error.detail)
    names = [one.pipeline for one in offered]
    if not target.pipeline or target.pipeline in names or not names:
        return Missing(detail, None)
    advice = did_you_mean(target.pipeline, names) or f"It has: {', '.join(names[:10])}."
    return Missing(f"{target.project} has no pipeline {target.pipeline!r}", advice)


def _of_step(group: list[Aimed], known: Mapping[_Key, Known]) -> Iterator[Problem]:
    """What is wrong with one step, told once: with some of its entities only, it is a warning that names them."""
    told: dict[Finding, list[tuple[Aimed, str]]] = {}
    silent: dict[str, list[str | None]] = {}
    asked = 0
    for one in group:
        what = known[one.step.uses, one.target]
        if isinstance(what, Unasked):
            silent.setdefault(what.because, []).append(one.entity)
            continue
        asked += 1
        for finding in dict.fromkeys(_findings(one, what)):
            told.setdefault(replace(finding, line=None), []).append((one, _place(one.target, what, finding)))
    for finding, places in told.items():
        yield _problem(finding, places, everywhere=len(places) == asked)
    for because, entities in silent.items():
        yield _not_checked(group[0], because, entities)


def _findings(one: Aimed, what: PipelineInputs | Missing) -> Iterator[Finding]:
    if isinstance(what, PipelineInputs):
        yield from compare(one.version.model, one.step, what)
        return
    pointer = "/with/pipeline" if one.step.with_.pipeline else "/with"
    said = what.detail.rstrip(".")
    yield Finding(severity=Severity.ERROR, pointer=pointer, message=said, suggestion=what.suggestion)


def _place(target: Target, what: Known, finding: Finding) -> str:
    """ "(.github/workflows/deploy.yml:7 of acme/shop at main)"."""
    at = f" at {target.ref}" if target.ref else ""
    if not isinstance(what, PipelineInputs):
        return f"{target.project}{at}"
    line = f":{finding.line}" if finding.line else ""
    return f"{what.file}{line} of {target.project}{at}"


def _problem(finding: Finding, places: list[tuple[Aimed, str]], *, everywhere: bool) -> Problem:
    first, place = places[0]
    entities = [one.entity for one, _ in places if one.entity is not None]
    severity = finding.severity if everywhere else Severity.WARNING
    whom = "" if everywhere else _whom(entities)
    message = f"{finding.message} ({place}{',' if whom else ''}{whom})"
    pointer = f"{first.pointer}{finding.pointer}"
    made = first.version.source.problem(pointer, message, finding.suggestion, at_key=finding.at_key)
    return replace(made, severity=severity)


def _whom(entities: Sequence[str | None]) -> str:
    named = [one for one in entities if one is not None]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return f" for {', '.join(named[:_MOST_NAMED])}{more}" if named else ""


def _not_checked(one: Aimed | Unaimed, because: str, entities: Sequence[str | None]) -> Problem:
    message = f"Not checked against its pipeline{_whom(entities)}: {because.rstrip('.')}"
    return replace(one.version.source.problem(f"{one.pointer}/with", message), severity=Severity.NOTE)
