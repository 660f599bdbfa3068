"""Who may let a run on that somebody had to approve, at a gate of the CI system: whoever could decide on it now.

Letting on is deciding again, so never who asked for it or filled in what was decided on, whatever the action lets them
approve, nor who last changed the action, nor who is one person with any of them. By one's own right alone: an answer
to a gate says for nobody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from daytwo_actions.voices import Voter, voice
from daytwo_store import approvals
from daytwo_store.engine import Tx
from daytwo_store.errors import Forbidden
from daytwo_store.ids import PrincipalId, RunId
from daytwo_store.tables import ApprovalRow, PrincipalRow, RunRow
from daytwo_workflows.life.people import voter
from daytwo_workflows.life.standing import people_of, question


def asked_of(rows: Sequence[ApprovalRow]) -> list[ApprovalRow]:
    """Out of all that was ever asked for a run, oldest first, what says who decides on it: its last stage before
    anything is sent, or else all in its middle. Nothing: nobody was asked so far."""
    whole = [row for row in rows if row.path is None]
    return whole[-1:] or [row for row in rows if approvals.extends(row) is None]


def why_not(who: Voter, run: RunRow, asked: Sequence[ApprovalRow], people: Mapping[str, PrincipalRow]) -> str | None:
    """Why somebody may not; `asked` is not empty, and whoever may decide on one of them may."""
    each = [question(row, run, [], [], people) for row in asked]
    decided = replace(
        each[-1],
        needed_from=sorted({name for one in each for name in one.needed_from}),
        editors=frozenset(person for one in each for person in one.editors),
        fillers=frozenset(person for row in asked for person in row.fillers),
        terms=replace(each[-1].terms, self_approval=False),
    )
    found = voice(Voter(own=who.own), decided)
    return found if isinstance(found, str) else None


async def must_be_let(tx: Tx, run: RunRow, by: PrincipalId) -> None:
    """Whoever calls holds the run's row. Where nobody was asked so far, whoever may stop the run may. Raises
    `Forbidden`."""
    asked = asked_of(await approvals.of_run(tx.session, RunId(run.id))) if run.protected else []
    if not asked:
        return
    people = await people_of(tx.session, [run], [], by)
    entries = {name for row in asked for name in row.needed_from}
    why = why_not(await voter(tx.session, people[by], entries=entries, now=tx.now), run, asked, people)
    if why is not None:
        raise Forbidden(f"{why} Nothing was sent.")
