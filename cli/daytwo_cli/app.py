"""The command line: which command is called what."""

import typer

from daytwo_cli.commands import processes
from daytwo_cli.exits import MEANING

_CODES = "\n\n".join(f"{code.value}: {meaning}" for code, meaning in MEANING.items())

_ENVIRONMENT = (
    "DAYTWO_URL names the server, DAYTWO_TOKEN proves who you are; without them the last `daytwo login` counts, "
    "then the server that `daytwo up` started in this folder."
)


def build() -> typer.Typer:
    """The whole application."""
    app = typer.Typer(
        name="daytwo",
        help="Self-service day-2 actions over the CI that a company already has.",
        epilog=f"{_ENVIRONMENT}\n\nExit codes:\n\n{_CODES}",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    here = "On this machine"
    app.command(rich_help_panel=here)(processes.up)
    app.command(rich_help_panel=here)(processes.serve)
    app.command(rich_help_panel=here)(processes.migrate)
    return app
