"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print exactly what the API answers, as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether to go on.")]
Reason = Annotated[str, typer.Option(help="Why; others see it.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Stay until it has ended; the exit code tells how.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="At most so many.")]
Cursor = Annotated[str | None, typer.Option(help="Go on after an earlier page.")]
Key = Annotated[str | None, typer.Option("--key", help="Idempotency-Key of an earlier try, to repeat exactly that.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, as r_….")]
ApprovalArgument = Annotated[str, typer.Argument(metavar="APPROVAL|RUN", help="Id of an approval, or of its run.")]
Data = Annotated[Path, typer.Option(help="Folder that everything is kept in.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0: the one of before, or a free one.")]
Examples = Annotated[Path | None, typer.Option(help="Folder of the example company.", show_default=False)]
