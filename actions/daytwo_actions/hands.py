"""Who may do what a step of a run asks of people. Pure; default is no."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from daytwo_actions.policy import entitling
from daytwo_actions.voices import Human, Voice, Voter, is_editor, is_requester, listed


@dataclass(frozen=True, kw_only=True, slots=True)
class Chore:
    """What is to be done, as far as it matters who does it."""

    needed_from: Sequence[str]
    requester: str  # key of the human who asked for the run
    requester_name: str
    four_eyes: bool
    editors: Collection[str] = ()  # of the action's file and of what asks


def hand(voter: Voter, asked: Chore) -> Voice | str:
    """By what somebody does it: their own right, or that of somebody who lets them; or why they may not."""
    why = _kept_off(voter.own, asked)
    if why is not None:
        return why
    entry = entitling(asked.needed_from, voter.own.belongs)
    if entry is not None:
        return Voice(entry)
    for lent in voter.lent:
        entry = entitling(asked.needed_from, lent.by.belongs)
        if entry is not None and lent.approval is None and _kept_off(lent.by, asked) is None:
            return Voice(entry, lent)
    return f"This is done by {listed(asked.needed_from)}, and you are not one of them. Ask one of them."


def _kept_off(human: Human, asked: Chore) -> str | None:
    if not asked.four_eyes:
        return None
    why = is_requester(human, asked.requester, asked.requester_name, to="do this")
    why = why or is_editor(human, asked.editors, to="do this")
    return f"{why} Ask {listed(asked.needed_from)}." if why is not None else None
