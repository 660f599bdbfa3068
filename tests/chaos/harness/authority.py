"""I10: each action that has an effect goes back to a principal who was allowed to do it at that time.

Worked out anew from what the catalog said then (its events), the definition that the run was started with, and the
order of the audit: none of the product's own questions are asked.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.chaos.harness.facts import Facts, Row

from daytwo_store.states import RUN_ENDS

US: Final = "daytwo"
_ENDS: Final = {f"run.{state}" for state in RUN_ENDS}
# What no process of ours does on its own account.
_PEOPLE_ONLY: Final = {
    *("run.accepted", "run.cancel_asked", "run.withdrawn", "run.rejected", "attempt.finding", "glass.broken"),
    *("decision.approve", "decision.reject", "decision.withdrawn", "delegation.created", "review.closed"),
    *("lock.forced", "lock.hold_asked", "stop.begun", "stop.lifted", "freeze.removed", "credential.set"),
    *("credential.deleted", "token.created", "session.opened", "gate.go", "gate.stop"),
}
_OF_ADMINISTRATORS: Final = {"lock.forced", "stop.begun", "stop.lifted", "credential.set", "credential.deleted"}
_APPROVAL: Final = {"approval.asked", "approval.approved", "approval.superseded", "decision.withdrawn"}


def authority(facts: Facts) -> Iterator[str]:
    told = _Told(facts)
    for entry in facts.audit:
        if fault := told.fault(entry):
            yield f"audit {entry['n']}: {fault}"
        told.note(entry)


@dataclass
class _Told:
    """What the audit has told before an entry."""

    facts: Facts
    seen: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # actions, by subject
    standing: dict[str, str] = field(default_factory=dict)  # the last word about a run's approval
    decided: set[tuple[str, str]] = field(default_factory=set)  # (run, principal)
    found: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # who found out something, by run
    roles: set[str] = field(default_factory=set)  # groups and people that hold a role

    def __post_init__(self) -> None:
        self._principals = {row["id"]: row for row in self.facts.principals}
        self._runs = {row["id"]: row for row in self.facts.runs}
        self._approvals = {row["id"]: row for row in self.facts.approvals}
        self._allowed = {row["digest"]: row["document"]["spec"].get("allow", {}) for row in self.facts.versions}
        self._history: dict[str, list[tuple[datetime, Any]]] = defaultdict(list)
        for row in self.facts.entities:
            self._history[row["ref"]].append((row["at"], row["after"]))

    def note(self, entry: Row) -> None:
        action, subject = entry["action"], entry["subject"]
        self.seen[subject].add(action)
        approval = self._approvals.get(entry["facts"].get("approval", ""))
        if action in _APPROVAL and (approval is None or approval.get("path") is None):
            self.standing[subject] = action
        if action.startswith("decision.") and entry["actor"] != US:
            self.decided.add((subject, entry["actor"]))
        if action == "attempt.finding":
            self.found[subject].add(entry["actor"])
        if action in ("role.given", "role.taken"):
            change: Callable[[str], None] = self.roles.add if action == "role.given" else self.roles.discard
            change(entry["facts"].get("to", entry["facts"].get("from", "")))

    def fault(self, entry: Row) -> str | None:
        """What is wrong with it, as a sentence; None when somebody was allowed to."""
        action, actor, subject = entry["action"], entry["actor"], entry["subject"]
        run = self._runs.get(subject.removeprefix("run:"))
        if actor == US:
            if action in _PEOPLE_ONLY:
                return f"{action} of {subject} was done by nobody"
            return self._of_ours(action, subject, run)
        who = self._principals.get(actor)
        if who is None:
            return f"{action} of {subject} was done by {actor!r}, whom nobody knows"
        if self._may(entry, who, run):
            return None
        return f"{actor} did {action} of {subject}, and was not allowed to"

    def _of_ours(self, action: str, subject: str, run: Row | None) -> str | None:
        before = self.seen[subject]
        if action == "attempt.sent":
            if "run.accepted" not in before:
                return f"something was sent for {subject}, which nobody had asked for"
            if before & _ENDS:
                return f"something was sent for {subject} after its end"
            if run is not None and run["protected"] and self.standing.get(subject) != "approval.approved":
                return f"something was sent for {subject}, and nobody's approval stood"
        if action in ("external.cancel", "external.force_cancel"):
            late = run is not None and run.get("timed_out")
            if not late and not before & {"run.cancel_asked", "attempt.duplicate"}:
                return f"{subject} was stopped there, and nobody had asked for it"
        return None

    def _may(self, entry: Row, who: Row, run: Row | None) -> bool:
        action, subject, at = entry["action"], entry["subject"], entry["at"]
        mine = self._groups(who, at)
        if action in ("decision.approve", "decision.reject"):
            return self._decides(entry, who, run, at)
        if action.startswith("approval.") or action == "decision.withdrawn":
            return (subject, who["id"]) in self.decided or self._runs_it(who, run, mine, at)
        if action == "run.rejected":
            return (subject, who["id"]) in self.decided
        if action == "attempt.finding":
            return self._resolves(who, run, mine, at)
        if action.startswith("attempt."):  # settled by what people have found out
            if run is None or not run["protected"]:
                return self._resolves(who, run, mine, at)
            found = self.found[subject] - {run["requester"]}
            return who["id"] in found and len(found) >= 2
        if action in _OF_ADMINISTRATORS:
            return bool(mine & self.roles)
        if run is not None:
            return self._runs_it(who, run, mine, at)
        return True  # about oneself, or open to everybody who has signed in

    def _decides(self, entry: Row, who: Row, run: Row | None, at: datetime) -> bool:
        approval = self._approvals.get(entry["facts"].get("approval", ""))
        if approval is None or run is None or who["id"] == run["requester"]:
            return False
        needed = set(approval.get("needed_from") or ())
        if "approval.escalated" in self.seen[entry["subject"]]:
            terms = (approval.get("terms") or {}).values()
            needed |= {one for more in terms if isinstance(more, list) for one in more}
        for_others = [
            self._principals[row["principal"]]
            for row in self.facts.delegations
            if row["delegate"] == who["ref"] and row["created_at"] <= at and row["principal"] in self._principals
        ]
        return any(needed & self._groups(one, at) for one in (who, *for_others) if one["id"] != run["requester"])

    def _runs_it(self, who: Row, run: Row | None, mine: set[str], at: datetime) -> bool:
        """Whoever may start the action on this entity may also stop it."""
        if run is None:
            return False
        allowed = self._allowed.get(run["version"], {}).get("run")
        if allowed is None:
            return True
        owner = (self._then(run["entity"], at) or {}).get("owner") if run["entity"] else None
        return bool(mine & {owner if one == "owner" else one for one in allowed})

    def _resolves(self, who: Row, run: Row | None, mine: set[str], at: datetime) -> bool:
        asked = {
            one
            for row in self.facts.approvals
            if run is not None and row["run_id"] == run["id"]
            for one in row["needed_from"] or ()
        }
        return self._runs_it(who, run, mine, at) or bool(mine & asked) or bool(mine & self.roles)

    def _groups(self, who: Row, at: datetime) -> set[str]:
        """Themselves, and what they were a member of then."""
        ref = who["ref"]
        person = self._then(ref, at) if ref else None
        member = (person or {}).get("relations", {}).get("memberOf", [])
        groups = [member] if isinstance(member, str) else member
        return {*groups, *([ref] if ref else []), *(who.get("groups") or ())}

    def _then(self, ref: str, at: datetime) -> Any:
        """The entity as the catalog had it."""
        known = [after for when, after in self._history[ref] if when <= at]
        return known[-1] if known else None
