"""By what somebody decides on an approval: their own right, or that of somebody who lets them; or why they may not.

The requester, their delegate, whoever they decide for, and the owner of their token are one person here, and that
person does not approve their own request unless the action says so. Pure functions; default is no.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from daytwo_actions.policy import entitling
from daytwo_store.ids import PrincipalId
from daytwo_store.on_call import called
from daytwo_store.terms import Terms


@dataclass(frozen=True, kw_only=True, slots=True)
class Human:
    """A person as of now. Two sign-ins that the catalog knows as one person are one."""

    principal: PrincipalId
    ref: str | None
    name: str
    belongs: frozenset[str]  # groups, roles, own ref, and what they are on call for
    bound: Mapping[str, str] = field(default_factory=dict)  # humans they decide for, or who decide for them, by name

    @property
    def key(self) -> str:
        return self.ref or self.principal


@dataclass(frozen=True, kw_only=True, slots=True)
class Lent:
    """A delegation in force: somebody lets the voter decide for them."""

    id: str
    by: Human
    approval: str | None  # only this one


@dataclass(frozen=True, kw_only=True, slots=True)
class Voter:
    """Somebody who wants to decide, with all that they may decide by."""

    own: Human
    lent: Sequence[Lent] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is to be decided, as far as it matters who does."""

    approval: str
    needed_from: Sequence[str]
    requester: str  # key of the human
    requester_name: str
    terms: Terms
    editors: Collection[str] = ()  # of the action's file and of what asks; none: not known, or they may decide
    fillers: Collection[str] = ()  # humans who did tasks or filled in values; none: or they may decide
    before: Collection[str] = ()  # humans who approved an earlier stage, where each stage needs other people
    decided: Collection[str] = ()  # humans who have decided themselves
    spoken: Mapping[str, str] = field(default_factory=dict)  # humans for whom others have decided, and who


@dataclass(frozen=True, slots=True)
class Voice:
    """What somebody's decision counts by: an entry of `needed_from`, and whose right it is."""

    entry: str
    lent: Lent | None = None


def voice(voter: Voter, asked: Question) -> Voice | str:
    """The voice, or why there is none. One's own right comes first, so that it uses up nobody else's."""
    why = _own(voter.own, asked)
    if why is None:
        entry = entitling(asked.needed_from, voter.own.belongs)
        if entry is not None:
            return Voice(entry)
        why = f"This is decided by {listed(asked.needed_from)}, and you are not one of them. Ask one of them."
    elif voter.own.key in {*asked.before, *asked.decided, *asked.spoken} or not (
        {asked.requester, *asked.editors, *asked.fillers}.isdisjoint({voter.own.key, *voter.own.bound})
    ):
        return why
    for lent in voter.lent:
        entry = entitling(asked.needed_from, lent.by.belongs)
        if entry is None or lent.approval not in (None, asked.approval):
            continue
        refused = _lent(lent, asked)
        if refused is None:
            return Voice(entry, lent)
        why = refused
    return why


def _own(human: Human, asked: Question) -> str | None:
    """What is against somebody's own right."""
    ask = f"Ask {listed(asked.needed_from)}."
    if not asked.terms.self_approval:
        asker = is_requester(human, asked.requester, asked.requester_name, to="decide")
        if asker is not None:
            return f"{asker} {ask}"
    editor = is_editor(human, asked.editors, to="decide")
    if editor is not None:
        return f"{editor} {ask}"
    filler = _is_filler(human, asked.fillers)
    if filler is not None:
        return f"{filler} {ask}"
    if human.key in asked.before:
        return f"You approved an earlier stage, and this one needs somebody else. {ask}"
    if human.key in asked.decided:
        return "You have decided on this already, with another sign-in, and each person counts once."
    if human.key in asked.spoken:
        return f"{asked.spoken[human.key]} has decided for you already, and each person counts once."
    return None


def is_requester(human: Human, requester: str, name: str, *, to: str) -> str | None:
    """Why whoever asked for the run, and whoever is one person with them, is not the second pair of eyes."""
    if human.key == requester:
        return f"You asked for this run, so somebody else has to {to} (four eyes)."
    if requester in human.bound:
        return f"{name}, who asked for this run, {human.bound[requester]}: you two are one person here (four eyes)."
    return None


def is_editor(human: Human, editors: Collection[str], *, to: str) -> str | None:
    """The same of whoever wrote what asks."""
    if human.key in editors:
        return (
            "You last changed the file of this action, or had a trigger or a schedule ask for it, so somebody else has "
            f"to {to} (four eyes)."
        )
    editor = min((one for one in editors if one in human.bound), default=None)
    if editor is None:
        return None
    return (
        f"{editor}, who last changed the file of this action, {human.bound[editor]}: you two are one person here "
        "(four eyes)."
    )


def _is_filler(human: Human, fillers: Collection[str]) -> str | None:
    """The same of whoever gave values in the middle of the run."""
    if human.key in fillers:
        return (
            "You filled in a value or did a task in this run, which is decided on here, so somebody else has to decide "
            "(four eyes)."
        )
    filler = min((one for one in fillers if one in human.bound), default=None)
    if filler is None:
        return None
    return (
        f"{filler}, who filled in a value or did a task in this run, {human.bound[filler]}: you two are one person "
        "here (four eyes)."
    )


def _lent(lent: Lent, asked: Question) -> str | None:
    """What is against deciding for somebody. Whoever asked for the run lends no right to decide on it."""
    by = lent.by
    if by.key == asked.requester or (asked.requester in by.bound and not asked.terms.self_approval):
        return f"{by.name}, for whom you would decide, is one person with who asked for this run (four eyes)."
    if not {by.key, *by.bound}.isdisjoint(asked.editors):
        return f"{by.name}, for whom you would decide, is one person with who last changed its file (four eyes)."
    if not {by.key, *by.bound}.isdisjoint(asked.fillers):
        return f"{by.name}, for whom you would decide, is one person with who filled in a value here (four eyes)."
    if by.key in asked.before:
        return f"{by.name}, for whom you would decide, approved an earlier stage, and this one needs somebody else."
    if by.key in asked.spoken or by.key in asked.decided:
        return f"{by.name}, for whom you would decide, has a decision here already, and each person counts once."
    return None


def listed(entries: Sequence[str]) -> str:
    """'group:a, group:b or whoever is on call'."""
    names = [called(entry) for entry in entries]
    return ", ".join(names[:-1]) + (" or " if len(names) > 1 else "") + names[-1] if names else ""
