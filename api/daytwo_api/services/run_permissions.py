"""What somebody may do with a run, and why not."""

from daytwo_actions.allow import entries
from daytwo_actions.policy import Answer, may_by_token, may_run, may_stop
from daytwo_actions.roles import Permission
from daytwo_api.asker import Asker
from daytwo_api.services import finding_views, words
from daytwo_api.services.doors import permitted
from daytwo_api.services.gather import Known
from daytwo_api.services.run_rows import Rows
from daytwo_api.views.common import Permitted
from daytwo_api.views.runs import RunPermissions
from daytwo_store.ids import EntityRef, PrincipalId
from daytwo_store.states import RUN_ENDS, RunState
from daytwo_store.tables import RunRow
from daytwo_workflows.life.undo_choices import choices


def permissions_of(rows: Rows, known: Known, asker: Asker) -> RunPermissions:
    run = rows.run
    stop = stop_answer(rows, known, asker)
    ended = RunState(run.state) in RUN_ENDS
    waiting = run.state in (
        RunState.ACCEPTED,
        RunState.WAITING_APPROVAL,
        RunState.WAITING_WINDOW,
        RunState.WAITING_LOCK,
    )
    return RunPermissions(
        cancel=_permit(asker, stop, None if not ended else f"It has ended: {words.run_words(run.state)}."),
        withdraw=_permit(
            asker,
            withdraw_answer(rows, known, asker),
            None if waiting else f"It is {words.run_words(run.state)}: there is no request to take back.",
        ),
        undo=_permit(asker, run_answer(rows, known, asker), rows.undo_refused),
        rerun=_permit(
            asker, run_answer(rows, known, asker), None if ended else "It has not ended. Wait for it, or stop it."
        ),
        resume=_permit(asker, run_answer(rows, known, asker), rows.resume_refused),
        choose=_permit(
            asker, stop, None if choices(run, rows.steps) else "Nobody is asked what becomes of what it did."
        ),
        resolve=_permit(
            asker,
            finding_views.may_resolve(run, stop, known),
            None if _held(rows) else "No attempt waits for somebody to say what happened.",
        ),
        evidence=permitted(
            asker,
            Permission.AUDIT_READ,
            Answer(Permission.AUDIT_READ in asker.permissions, "Evidence is for those who read the audit."),
        ),
    )


def _held(rows: Rows) -> bool:
    """Does an attempt wait for somebody, and not only the undo?"""
    return rows.run.state == RunState.NEEDS_ATTENTION and not choices(rows.run, rows.steps)


def stop_answer(rows: Rows, known: Known, asker: Asker) -> Answer:
    return stop_answer_of(rows.run, rows.owner, known, asker)


def stop_answer_of(run: RunRow, owner: str | None, known: Known, asker: Asker) -> Answer:
    """Entries of `allow.run` that are expressions entitle nobody to this: they are about what is asked for anew.

    `owner` is that of the entity, now.
    """
    if not (by_token := may_by_token(asker.actions, run.action)).allowed:
        return by_token
    return may_stop(
        principal=asker.principal,
        requester=PrincipalId(run.requester),
        allow=entries(known.allow_run(run), {}),
        belongs=asker.belongs,
        owner=owner,
    )


def withdraw_answer(rows: Rows, known: Known, asker: Asker) -> Answer:  # noqa: ARG001  # one shape for all of them
    by_token = may_by_token(asker.actions, rows.run.action)
    if rows.run.requester == asker.principal:
        return by_token
    return Answer(False, "Only who asked for it can withdraw it. An approver can reject it.")


def run_answer(rows: Rows, known: Known, asker: Asker) -> Answer:
    """To undo it is to run the action again; what an expression says to that is worked out when it is asked for."""
    if not (by_token := may_by_token(asker.actions, rows.run.action)).allowed:
        return by_token
    return may_run(
        entries(known.allow_run(rows.run), {}, undecided=True),
        belongs=asker.belongs,
        owner=rows.owner,
        entity=EntityRef(rows.run.entity) if rows.run.entity else None,
        action=known.title(rows.run),
    )


def _permit(asker: Asker, who: Answer, state: str | None) -> Permitted:
    if state is not None:
        return Permitted(allowed=False, why_not=state)
    return permitted(asker, Permission.RUN, who)
