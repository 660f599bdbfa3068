"""The words of notifications: templates with our expressions and their limits, filled with text and never with markup.

What people typed (titles, names) is data. For a channel that reads markup it is made inert: a link, a mention or a tag
in it is shown, and does nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from daytwo_actions.expressions import Evaluator, ExpressionError, parse_template
from daytwo_store.notifications import Notice

log = structlog.get_logger()

# Names that a text may use, and what they hold. All of them are text; empty where there is nothing to say.
NAMES: Final[Mapping[str, str]] = {
    "event": "its name, as approval.asked",
    "what": "what happened, in a few words",
    "about": "the action's title, and what it is about",
    "action": "the action's title",
    "entity": "ref of what it is about; empty for readers who may not see it",
    "requester": "who asked for the run",
    "by": "who did it",
    "audience": "who is told",
    "state": "the state of the approval or the run",
    "until": "when the approval expires",
    "message": "what a step of the kind `notify` says; empty for readers who may not see what the run is about",
    "run": "id of the run",
    "approval": "id of the approval",
    "link": "address of the page; it shows, and decides nothing",
}
WHAT: Final[Mapping[str, str]] = {
    Notice.APPROVAL_ASKED: "Your approval is asked",
    Notice.APPROVAL_REMINDER: "An approval still waits for you",
    Notice.APPROVAL_ESCALATED: "Nobody has decided, and you are asked now",
    Notice.APPROVAL_DELEGATED: "An approval was handed on, by you or to you",
    Notice.APPROVAL_COMMENTED: "Somebody has commented",
    Notice.APPROVAL_DECIDED: "It was decided",
    Notice.APPROVAL_EXPIRED: "Nobody has decided in time",
    Notice.APPROVAL_VOID: "What was approved has changed, so it is asked again",
    Notice.DECISION_WITHDRAWN: "A decision was taken back",
    Notice.GLASS_ASKED: "Somebody asks to go past approval (break-glass)",
    Notice.GLASS_BROKEN: "A run goes past approval (break-glass)",
    Notice.REVIEW_REMINDER: "The review of a break-glass run is still open",
    Notice.REVIEW_CLOSED: "The review of a break-glass run was closed",
    Notice.EXCEPTION_ASKED: "An exception to a freeze of yours is asked",
    Notice.EXCEPTION_DECIDED: "Your exception to a freeze",
    Notice.FREEZE_CHANGED: "A freeze of yours is another one now",
    Notice.LOCK_HELD: "A person holds the lock that your run waits for",
    Notice.DELEGATION_BEGUN: "A delegation of yours or to you: one decides for the other",
    Notice.DELEGATION_ENDED: "A delegation of yours or to you has ended",
    Notice.SCHEDULE_PAUSED: "A schedule of yours was paused",
    Notice.SCHEDULE_MISSED: "A schedule of yours has missed its time",
    Notice.TRIGGER_PAUSED: "A trigger of yours was paused",
    Notice.TASK_ASKED: "Something is to be done by you",
    Notice.TASK_REMINDER: "A task still waits for you",
    Notice.TASK_ESCALATED: "A task is due, and you are asked now",
    Notice.TASK_HANDED_OVER: "A task was handed over",
    Notice.STEP_MESSAGE: "A run has something to say",
    Notice.RUN_SUCCEEDED: "Succeeded",
    Notice.RUN_FAILED: "Failed",
    Notice.RUN_CANCELLED: "Cancelled",
    Notice.RUN_REFUSED: "Refused, and nothing was sent",
    Notice.RUN_NEEDS_ATTENTION: "A person has to say what became of it",
}
_TITLE: Final = "${{ what }}: ${{ about }}"
_LONGEST_TITLE: Final = 200
_LONGEST_VALUE: Final = 300
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")
# A zero-width space behind these takes links, mentions, tags and quotes of code their meaning.
_MARKUP: Final = re.compile(r"(?=[<>@\[\]`*_~|\\#&])|(?<=:)(?=//)|(?<=\w)(?=\.\w)|(?<=[<@\[\]!#&])")


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    body: str


class Texts:
    """Texts of events; those of the settings before ours."""

    def __init__(self, given: Mapping[str, Words] | None = None) -> None:
        self._given = given or {}
        self._evaluator = Evaluator()

    def write(self, kind: str, values: Mapping[str, str], *, inert: bool) -> Words:
        """Fill the text of an event. A text that cannot be filled is replaced by ours: people are told in any case."""
        clean = {name: plain(values.get(name, "")) for name in NAMES}
        safe = {name: harmless(value) if inert and name != "link" else value for name, value in clean.items()}
        given = self._given.get(kind)
        if given is not None:
            try:
                return self._fill(given, safe)
            except ExpressionError:
                log.exception("notify.text_failed", what=kind)
        return self._fill(_ours(safe), safe)

    def _fill(self, words: Words, values: Mapping[str, str]) -> Words:
        title = str(self._evaluator.evaluate(parse_template(words.title), values))
        body = str(self._evaluator.evaluate(parse_template(words.body), values))
        return Words(" ".join(title.split())[:_LONGEST_TITLE], body)


def what(kind: str) -> str:
    """A few words for an event, also for one that this version has none for."""
    known = WHAT.get(kind)
    return known if known is not None else kind.replace("_", " ").replace(".", ": ").capitalize()


def plain(value: str) -> str:
    """One line of text, not too long, without anything that a terminal or a mail header would obey."""
    text = " ".join(_CONTROL.sub(" ", value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def harmless(value: str) -> str:
    """The same to a reader, and without meaning for whatever reads markup."""
    return _MARKUP.sub("\u200b", value)


def _ours(values: Mapping[str, str]) -> Words:
    """Only lines that have something to say."""
    title = _TITLE if values["about"] else "${{ what }}"
    lines = [title + "."]
    if values["message"]:
        lines.append("${{ message }}")
    if values["requester"]:
        lines.append("Asked for by ${{ requester }}.")
    if values["by"]:
        lines.append("By ${{ by }}.")
    if values["state"]:
        lines.append("It is ${{ state }}.")
    if values["until"]:
        lines.append("It expires on ${{ until }}.")
    if values["link"]:
        lines += ["", "${{ link }}", "", "The link opens the page. Nothing is decided by opening it."]
    return Words(title, "\n".join(lines) + "\n")
