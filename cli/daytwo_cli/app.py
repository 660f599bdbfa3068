"""The command line: which command is called what."""

from collections.abc import Callable, Mapping, Sequence

import typer

from daytwo_cli.commands import (
    actions,
    approvals,
    audit,
    authoring,
    catalog,
    connections,
    delegations,
    doctor,
    evidence,
    freezes,
    identity,
    keys,
    lasting,
    locks,
    notify,
    pipelines,
    processes,
    replays,
    reviews,
    runs,
    schedules,
    tasks,
    triggers,
)
from daytwo_cli.exits import MEANING

_CODES = "\n".join(f"{code.value:>4}  {meaning}" for code, meaning in MEANING.items())
_ENVIRONMENT = (
    "DAYTWO_URL names the server, DAYTWO_TOKEN proves who you are; without them the server that `daytwo up` runs in "
    "this folder counts, then the last `daytwo login`."
)

_PANELS: Mapping[str, Sequence[Callable[..., None]]] = {
    "Running": [actions.actions, actions.run, runs.runs, runs.show, runs.logs],
    "Deciding": [
        approvals.approvals,
        approvals.approval,
        approvals.approve,
        approvals.reject,
        approvals.comment,
        approvals.delegate,
        approvals.take_back,
        reviews.reviews,
        reviews.review,
    ],
    "Changing a run": [
        runs.cancel,
        runs.withdraw,
        runs.undo,
        runs.rerun,
        runs.resume,
        runs.undoing,
        runs.answer,
        runs.resolve,
        lasting.extend,
        lasting.give_back,
    ],
    "Catalog": [catalog.entities],
    "Looking after it": [freezes.stop, doctor.doctor],
    "You": [identity.login, identity.logout, identity.whoami, identity.may],
    "Definitions": [authoring.validate, authoring.schema, pipelines.pipelines, pipelines.check, replays.replay],
    "On this machine": [processes.up, processes.demo, processes.serve, processes.migrate],
}


def build() -> typer.Typer:
    """The whole application."""
    app = typer.Typer(
        name="daytwo",
        help="Self-service day-2 actions over the CI that a company already has.",
        epilog=f"{_ENVIRONMENT}\n\nExit codes:\n\n\b\n{_CODES}",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for panel, commands in _PANELS.items():
        for command in commands:
            app.command(rich_help_panel=panel)(command)
    app.command("test", rich_help_panel="Definitions")(authoring.play)
    app.add_typer(delegations.delegations, name="delegations", rich_help_panel="Deciding")
    app.add_typer(tasks.tasks, name="tasks", rich_help_panel="Deciding")
    app.add_typer(identity.tokens, name="tokens", rich_help_panel="You")
    app.add_typer(connections.connections, name="connections", rich_help_panel="Looking after it")
    app.add_typer(keys.keys, name="keys", rich_help_panel="Looking after it")
    app.add_typer(freezes.freezes, name="freezes", rich_help_panel="Looking after it")
    app.add_typer(schedules.schedules, name="schedules", rich_help_panel="Looking after it")
    app.add_typer(triggers.triggers, name="triggers", rich_help_panel="Looking after it")
    app.add_typer(triggers.events, name="events", rich_help_panel="Looking after it")
    app.add_typer(freezes.exceptions, name="exceptions", rich_help_panel="Deciding")
    app.add_typer(locks.locks, name="locks", rich_help_panel="Looking after it")
    app.add_typer(audit.audit, name="audit", rich_help_panel="Looking after it")
    app.add_typer(evidence.evidence, name="evidence", rich_help_panel="Looking after it")
    app.add_typer(notify.notify, name="notify", rich_help_panel="Looking after it")
    return app
