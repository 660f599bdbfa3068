"""Who may do what a step of a run asks of people. Pure; default is no."""

from collections.abc import Sequence
from dataclasses import dataclass

from daytwo_actions.policy import entitling
from daytwo_actions.voices import Human, Voice, Voter, listed


@dataclass(frozen=True, kw_only=True, slots=True)
class Chore:
    """What is to be done, as far as it matters who does it."""

    needed_from: Sequence[str]
    requester: str  # key of the human who asked for the run
    requester_name: str
    four_eyes: bool


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
    ask = f"Ask {listed(asked.needed_from)}."
    if human.key == asked.requester:
        return f"You asked for this run, so somebody else has to do this (four eyes). {ask}"
    if asked.requester in human.bound:
        return (
            f"{asked.requester_name}, who asked for this run, {human.bound[asked.requester]}: you two are one "
            f"person here (four eyes). {ask}"
        )
    return None
