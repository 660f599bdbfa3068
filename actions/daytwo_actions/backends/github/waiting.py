"""What GitHub itself waits for before a run goes on: an environment's reviewers, wait timer and other rules."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from daytwo_actions.backends.base import ExternalState
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable, GateClosed
from daytwo_actions.backends.github.wire import gates, names
from daytwo_actions.backends.github.wire.answer import message
from daytwo_actions.backends.github.wire.outcome import GITHUB
from daytwo_actions.backends.github.writing import Writing
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.http.recent import Recent
from daytwo_actions.backends.some import Question
from daytwo_actions.backends.tree import GateId, GateVerdict
from daytwo_actions.backends.wire.answer import Answer, Silence
from daytwo_store.states import ExternalStatus

_WAITING: Final = "waiting"  # GitHub's word for "for an environment"
_MOST_ASKED: Final = 10  # runs in one look; the others keep the general words until the next
_KEPT: Final = 1_024

_ADVICE: Final[Mapping[int, str]] = {
    403: "Only a required reviewer of the environment can answer, with a token that may write deployments; "
    "a GitHub App is never one. Answer it in GitHub"
}


_RULE_ADVICE: Final[Mapping[int, str]] = {
    403: "Only a GitHub App that is a protection rule of the environment can answer, with Deployments: write"
}


class Waiting:
    def __init__(self, reading: Reading, writing: Writing) -> None:
        self._reading = reading
        self._writing = writing
        self._said: Recent[str] = Recent(_KEPT)

    async def pending(self, project: str, run: str) -> tuple[gates.Pending, ...]:
        """The environments that a run waits for; none when it does not (any more). Raises what a read raises."""
        found = await self._reading.find(
            "run.pending",
            f"what run {run} of {project} waits for",
            _path(project, run),
            lambda answer: gates.pending_in(answer.body),
        )
        return found or ()

    async def described(self, project: str, states: Sequence[ExternalState]) -> list[ExternalState]:
        """The states with what they wait for, where it can be had: asked once, and again when the run has moved."""
        asked = [state for state in states if self._unsaid(project, state)][:_MOST_ASKED]
        await asyncio.gather(*(self._ask(project, state) for state in asked))
        return [self._with_words(project, state) for state in states]

    async def answer(
        self, project: str, run: str, gate: GateId, verdict: GateVerdict, *, comment: str, seconds: float
    ) -> None:
        """Once. Raises `GateClosed`, `BackendDenied`, `BackendUnreachable`."""
        document = gates.answer(gate, verdict, comment)
        result = await self._writing.post("run.review", _path(project, run), seconds=seconds, document=document)
        if isinstance(result, Answer) and result.status == 200:
            return
        if isinstance(result, Answer) and result.status in {404, 422} and gate not in await self._open(project, run):
            raise GateClosed(
                "Nothing waits for this environment any more: it was answered in GitHub, or the run ended."
            )
        raise _failure(result, f"the answer to run {run} of {project}", _ADVICE)

    async def reply(self, question: Question, verdict: GateVerdict, *, comment: str, seconds: float) -> None:
        """Answer our own rule. Once. Raises `GateClosed`, `BackendDenied`, `BackendUnreachable`."""
        path = f"{names.run(question.project, question.run)}/deployment_protection_rule"
        document = gates.rule_answer(question.gate, verdict, comment)
        result = await self._writing.post("run.rule", path, seconds=seconds, document=document)
        if isinstance(result, Answer) and result.status == 204:
            return
        if isinstance(result, Answer) and result.status in {404, 422}:
            raise GateClosed("Nothing waits for our rule there: it was answered before, or the run ended.")
        raise _failure(result, f"the answer of our rule to run {question.run} of {question.project}", _RULE_ADVICE)

    async def _open(self, project: str, run: str) -> set[str]:
        return {str(one.environment.id) for one in await self.pending(project, run)}

    async def _ask(self, project: str, state: ExternalState) -> None:
        try:
            words = gates.waits_for(await self.pending(project, state.id))
        except (BackendUnreachable, BackendDenied):
            return  # the state is known all the same
        self._said.put(_key(project, state), words or state.waits_for or "")

    def _unsaid(self, project: str, state: ExternalState) -> bool:
        return _waits(state) and self._said.get(_key(project, state)) is None

    def _with_words(self, project: str, state: ExternalState) -> ExternalState:
        words = self._said.get(_key(project, state)) if _waits(state) else None
        return replace(state, waits_for=words) if words else state


def _waits(state: ExternalState) -> bool:
    return state.status is ExternalStatus.WAITING and state.detail == _WAITING


def _key(project: str, state: ExternalState) -> tuple[object, ...]:
    return project, state.id, state.attempt, state.updated_at


def _path(project: str, run: str) -> str:
    return f"{names.run(project, run)}/pending_deployments"


def _failure(result: Answer | Silence, what: str, advice: Mapping[int, str]) -> BackendUnreachable | BackendDenied:
    """What came of an answer that was not taken, for certain or perhaps."""
    if isinstance(result, Silence) and result.held:
        return GITHUB.failure(result, what)
    if isinstance(result, Silence) or result.status >= 500:
        sent = not isinstance(result, Silence) or result.sent
        said = result.reason if isinstance(result, Silence) else f"GitHub answered {message(result)}"
        left = "Whether it was taken is not known; look at the run" if sent else "Nothing was changed; try again"
        return BackendUnreachable(f"{what[0].upper()}{what[1:]} came to no end: {said}. {left}.")
    error = GITHUB.failure(result, what, advice=advice)
    return error if isinstance(error, BackendUnreachable) else BackendDenied(f"{error} Nothing was changed.")
