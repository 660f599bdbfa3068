"""Approvals as they should be, in plain Python: it knows nothing of rows, transactions or policies."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from hypothesis import strategies as st

GROUPS: Final = {
    "ana": {"storefront", "sre"},  # she asks, and is a member where it is decided
    "ben": {"storefront"},
    "sam": {"sre"},
    "pat": {"sre", "platform"},
    "fay": {"sre", "finance"},
}
NAMES: Final = sorted(GROUPS)
LATER: Final = "storefront"  # is asked as well when a stage has been open for long
FORM: Final = 0  # the stage that asks to be filled in
STAGES: Final = (({"sre"}, 2, False), ({"platform", "finance"}, 1, False), ({"sre"}, 2, True))
LEAVES: Final = ("sre", "platform", "finance")  # groups that people leave, and come back to
Word = Literal[
    "approve",
    "reject",
    "expire",
    "withdraw",
    "cancel",
    "drive",
    "lend",
    "hand",
    "revoke",
    "escalate",
    "take_back",
    "comment",
    "drift",
    "leave",
    "crash",
]
Event = tuple[Word, str, str, int]  # what, who, who else, on which stage
WORDS: Final = (
    ["approve"] * 24
    + ["lend", "hand", "revoke", "escalate", "take_back", "crash", "leave", "drive"] * 3
    + ["drift", "comment"] * 2
    + ["reject", "expire", "withdraw", "cancel"]
)


def events(most: int) -> "st.SearchStrategy[list[Event]]":
    one = st.tuples(st.sampled_from(WORDS), st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(0, 2))
    return st.lists(one, min_size=most, max_size=most)  # type: ignore[arg-type] # the words are words


def ticket_of(other: str) -> str | None:
    """What is filled in with an approval: one of two, or nothing."""
    return None if other == "fay" else "CHG-1" if other in ("ana", "ben", "sam") else "CHG-2"


@dataclass
class Lent:
    by: str
    to: str
    alone: "Opened | None"  # this stage and no other
    revoked: bool = False


@dataclass
class Said:
    word: str
    entry: str  # the group that counts
    lent: Lent | None  # whose right it was
    ticket: str | None = None

    @property
    def instead_of(self) -> str | None:
        return self.lent.by if self.lent else None


@dataclass
class Opened:
    asked: list[str]
    form: bool = False
    state: str = "pending"
    late: bool = False
    said: dict[str, Said] = field(default_factory=dict)
    taken_back: set[str] = field(default_factory=set)

    @property
    def heard(self) -> set[str]:
        return set(self.said) | {one.instead_of for one in self.said.values() if one.instead_of}

    @property
    def ticket(self) -> str | None:
        """What the first of those who count has filled in."""
        return next((one.ticket for one in self.said.values() if one.word == "approve"), None)


def stage(number: int) -> Opened:
    return Opened(asked=sorted(STAGES[number][0]), form=number == FORM)


@dataclass
class Model:
    """What should be true. `Opened` of what was void before stand in `void`."""

    run: str = "waiting_approval"
    groups: dict[str, set[str]] = field(default_factory=lambda: {name: set(groups) for name, groups in GROUPS.items()})
    drifted: bool = False
    opened: list[Opened] = field(default_factory=lambda: [stage(0)])
    void: list[Opened] = field(default_factory=list)
    lent: list[Lent] = field(default_factory=list)  # in force
    disturbed: bool = False  # somebody left or revoked something, or what was asked for has changed

    @property
    def approved(self) -> bool:
        return len(self.opened) == len(STAGES) and all(one.state == "approved" for one in self.opened)

    @property
    def ready(self) -> bool:
        """Would all of it be approved today as well?"""
        return self.approved and all(
            sum(1 for _ in self._counting(number)) >= STAGES[number][1] for number in range(len(STAGES))
        )

    def _counting(self, number: int) -> Iterator[str]:
        before = {"ana"}
        if not STAGES[number][2]:
            before |= {name for one in self.opened[:number] for name in one.heard}
        heard: set[str] = set()
        for who, said in self.opened[number].said.items():
            humans = {who, said.instead_of or who}
            if humans & (heard | before):
                continue
            if said.entry in self.groups[said.instead_of or who] and not (said.lent and said.lent.revoked):
                heard |= humans
                yield who

    def takes(self, event: Event) -> str:
        """Do it; how it is answered: ok, repeated, forbidden, conflict, rejected or crashed."""
        word, who, other, number = event
        at = self.opened[min(number, len(self.opened) - 1)]
        match word:
            case "approve" | "reject":
                return self._decide(word, who, at, ticket_of(other) if at.form and word == "approve" else None)
            case "crash":
                return self._crash(who, at, other, committed=number > 0)
            case "withdraw" | "cancel":
                return self._stop({"withdraw": "withdrawn", "cancel": "cancelled"}[word])
            case "lend" | "hand":
                return self._lend(who, other) if word == "lend" else self._hand(who, other, self.opened[-1])
            case "take_back":
                return self._take_back(who, at)
            case _:
                self._happens(word, who, number)
        return "ok"

    def _happens(self, word: str, who: str, number: int) -> None:
        last = self.opened[-1]
        match word:
            case "revoke":
                mine = [one for one in self.lent if one.by == who]
                if mine:
                    mine[-1].revoked = self.disturbed = True
                    self.lent.remove(mine[-1])
            case "leave":
                self.groups[who] ^= {LEAVES[number]} & GROUPS[who]
                self.disturbed = True
            case "drift":
                self.drifted = self.disturbed = True
            case "drive" if self.run == "waiting_approval" and self.approved and (self.drifted or not self.ready):
                self._again()
            case "drive" if last.state == "pending" and last.late:
                self._end("expired", "expired")
            case "expire" if last.state == "pending":
                last.late = True
            case "escalate" if last.state == "pending" and not last.late and LATER not in last.asked:
                last.asked.append(LATER)

    def _lend(self, who: str, other: str) -> str:
        if who == other:
            return "rejected"
        self.lent.append(Lent(who, other, None))
        return "ok"

    def _crash(self, who: str, at: Opened, other: str, *, committed: bool) -> str:
        """The process dies before or after the commit; whoever got no answer sends it again after the second."""
        ticket = ticket_of(other) if at.form else None
        if not committed:
            before = self._answer("approve", who, at, ticket)
            return "crashed" if before in ("ok", "repeated") else before
        first = self._decide("approve", who, at, ticket)
        return "repeated" if first == "ok" else first

    def _stop(self, end: str) -> str:
        if self.run == end:
            return "ok"
        if self.run != "waiting_approval":
            return "conflict"
        self._end(end, "withdrawn")
        return "ok"

    def _one_person(self, who: str, other: str) -> bool:
        return any({one.by, one.to} == {who, other} for one in self.lent if one.alone is None)

    def _entry(self, who: str, at: Opened) -> str | None:
        return next((group for group in at.asked if group in self.groups[who]), None)

    def _voice(self, who: str, at: Opened) -> tuple[str, Lent | None] | None:
        """By which group they may, and whose right it is; None: they may not."""
        number = self.opened.index(at)
        before: set[str] = set()
        if not STAGES[number][2]:
            before = {name for one in self.opened[:number] for name in one.heard}
        if who == "ana" or self._one_person(who, "ana") or who in before | at.heard:
            return None
        own = self._entry(who, at)
        if own is not None:
            return own, None
        for one in self.lent:
            entry = self._entry(one.by, at)
            if one.to != who or not (one.alone is None or one.alone is at) or entry is None:
                continue
            if one.by != "ana" and not self._one_person(one.by, "ana") and one.by not in before | at.heard:
                return entry, one
        return None

    def _answer(self, word: str, who: str, at: Opened, ticket: str | None) -> str:
        """How a decision is answered, without doing it."""
        if who in at.said:
            mine = at.said[who]
            same = mine.word == word and (ticket is None or mine.ticket == ticket)
            return "repeated" if same else "conflict"
        if self._voice(who, at) is None:
            return "forbidden"
        if at.state != "pending" or at.late:
            return "conflict"
        if at.form and word == "approve":
            if at.ticket is not None:
                return "ok" if ticket == at.ticket else "conflict"
            return "rejected" if ticket is None else "ok"
        return "ok"

    def _decide(self, word: str, who: str, at: Opened, ticket: str | None) -> str:
        answer = self._answer(word, who, at, ticket)
        if answer != "ok":
            return answer
        found = self._voice(who, at)
        assert found is not None
        at.said[who] = Said(word, found[0], found[1], ticket)
        number = self.opened.index(at)
        if word == "reject":
            at.state = "rejected"
            self.run = "rejected"
        elif len(at.said) == STAGES[number][1]:
            at.state = "approved"
            if number + 1 < len(STAGES):
                self.opened.append(stage(number + 1))
            assert self.ready or not self.approved or self.disturbed, "what was just approved counts"
        return "ok"

    def _hand(self, who: str, other: str, last: Opened) -> str:
        if last.state != "pending" or last.late:
            return "conflict"
        if who == other or other == "ana":
            return "rejected"
        if who in last.said:
            return "conflict"
        found = self._voice(who, last)
        if found is None or found[1] is not None:
            return "forbidden"
        self.lent.append(Lent(who, other, last))
        return "ok"

    def _take_back(self, who: str, at: Opened) -> str:
        if who not in at.said:
            return "repeated" if who in at.taken_back else "conflict"
        if at.said[who].word == "reject" or self.run != "waiting_approval":
            return "conflict"
        del at.said[who]
        at.taken_back.add(who)
        if at.state != "pending":
            self._again()
        return "ok"

    def _again(self) -> None:
        """Everything is void, and the first stage is asked anew, about what the plan is by now."""
        for one in self.opened:
            one.state = "superseded"
        self.void += self.opened
        self.opened = [stage(0)]

    def _end(self, run: str, stage: str) -> None:
        self.run = run
        if self.opened[-1].state == "pending":
            self.opened[-1].state = stage


Told = list[tuple[str, dict[str, tuple[str, str | None]]]]


def expected_of(model: Model) -> tuple[str, bool, Told]:
    told: Told = [
        (one.state, {name: (said.word, said.instead_of) for name, said in one.said.items()})
        for one in (*model.void, *model.opened)
    ]
    return model.run, model.ready, told
