"""What is certain about a request and what is in doubt, the same for every CI system (algorithm A1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from daytwo_actions.backends.base import Ambiguous, Refused, Sent
from daytwo_actions.backends.failures import BackendDenied, BackendHeld, BackendUnreachable
from daytwo_actions.backends.wire.answer import Answer, Silence, Told

UNAUTHORIZED: Final = 401
_MENDED_IN: Final = 15.0  # seconds, after which a credential that was refused is tried again: it may be a new one
_LEAST_WAIT: Final = 60.0  # seconds; what GitHub asks for when it limits without naming a time


def of_silence(silence: Silence) -> Sent:
    """What became of a dispatch that was not answered."""
    if silence.sent:
        return in_doubt(silence.reason)
    return Refused(
        detail=f"The dispatch was not sent: {silence.reason}.", retry_after=silence.again, unsent=silence.held
    )


def in_doubt(what: str) -> Ambiguous:
    return Ambiguous(
        detail=f"{what}. Whether the run was started is not known; it is looked up by its marker and not sent again."
    )


def moved(answer: Answer) -> str:
    """What to add about a redirection, else nothing."""
    if 300 <= answer.status < 400:
        return "; the redirection was not followed (was the project renamed, or is the connection's address wrong?)"
    return ""


def web_link(url: str | None) -> str | None:
    """The URL if a page may link to it: only http and https."""
    return url if url and url.startswith(("https://", "http://")) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Vendor:
    """How one kind of CI system says no and "not so fast", and the errors that we make of it."""

    title: str  # as people call it: "GitHub"
    words: Callable[[Answer], str]  # its explanation with the status, in one printable line
    limited: Callable[[Answer], bool]  # whether a refusal only means "not so fast"
    wait_told: Callable[[Answer], float | None]  # seconds to wait that it names, at least one
    limits_told: Callable[[Answer], Told]
    advice: Mapping[int, str]  # what to do, by the status of a read

    def wait(self, limited: Answer) -> float:
        """Seconds to wait before asking again: what the vendor says, else a minute. Never less than a second."""
        told = self.wait_told(limited)
        return _LEAST_WAIT if told is None else told

    def failure(
        self, result: Answer | Silence, what: str, *, advice: Mapping[int, str] | None = None
    ) -> BackendUnreachable | BackendDenied:
        """The error of a read, a cancellation or an answer to a gate that did not come through.

        `what` names it for people: "the run 17 of acme/shop".
        """
        if isinstance(result, Silence) and result.held:
            return BackendHeld(f"{result.reason}: it was not asked for {what}.", retry_after=result.again)
        if isinstance(result, Silence):
            return BackendUnreachable(
                f"{self.title} did not answer when asked for {what}: {result.reason}. "
                "Its state is unknown; it will be asked again.",
                retry_after=result.again,
            )
        if self.limited(result):
            return BackendUnreachable(
                f"{self.title} asks to wait before {what} can be had: {self.words(result)}.",
                retry_after=self.wait(result),
            )
        return self._refusal(result, what, {**self.advice, **(advice or {})})

    def limit(self, answer: Answer) -> Refused:
        """What became of a dispatch that only came too fast: not executed, for certain."""
        return Refused(
            detail=f"{self.title} asks to wait: {self.words(answer)}. Nothing was started; it will be sent again "
            "later.",
            retry_after=self.wait(answer),
        )

    def refused(self, answer: Answer, detail: str) -> Refused:
        """What became of a dispatch that was said no to: not executed, for certain. With a credential that is no longer
        valid it is tried again for a while, since whoever has revoked it may put in the next one (R14)."""
        return Refused(detail=detail, retry_after=_MENDED_IN if answer.status == UNAUTHORIZED else None)

    def _refusal(self, answer: Answer, what: str, advice: Mapping[int, str]) -> BackendUnreachable | BackendDenied:
        if answer.status >= 500 or answer.status in {202, 408}:
            return BackendUnreachable(
                f"{self.title} could not give {what}, {self.words(answer)}. Its state is unknown; it will be asked "
                "again."
            )
        if 300 <= answer.status < 400:
            return BackendDenied(
                f"{self.title} has {what} somewhere else now ({answer.status}). The redirection was not followed, "
                "since it would carry the credential along; put the new name into the definition or the catalog."
            )
        todo = advice.get(answer.status, f"Compare the connection's address with {self.title}'s API")
        detail = f"{self.title} does not give {what}, {self.words(answer)}. {todo}."
        return BackendDenied(detail, credential=answer.status == UNAUTHORIZED)

    def nonsense(self, what: str, error: ValidationError | None = None) -> BackendUnreachable:
        """The error of a 200 that is not what the vendor's description promises."""
        where = ""
        if error is not None:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            where = f" (at {place or 'the top'}: {first['msg']})"
        return BackendUnreachable(
            f"The answer for {what} is not what {self.title}'s API documents{where}. Its state is unknown; it will be "
            "asked again. If this stays, something between here and there answers in its place, or the address is "
            "wrong."
        )
