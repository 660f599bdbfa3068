"""Where text goes: rich tables and colour in a terminal, plain aligned lines everywhere else, JSON on demand."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from daytwo_cli.show.log_line import Shown, tidy
from daytwo_cli.show.words import COLOUR, clean, escaped, state_sentence

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

Row = Sequence[str]


class Out:
    """`plain` is true without a terminal, and when NO_COLOR is set (no-color.org)."""

    def __init__(self, stdout: TextIO, stderr: TextIO, *, plain: bool) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self.plain = plain
        self._made: Console | None = None
        self._status: Status | None = None

    def line(self, text: str = "", *, style: str = "") -> None:
        """A line; control characters are taken out, since much of what is printed was written by others."""
        if self.plain or (not style and self._status is None):
            self._stdout.write(clean(text) + "\n")
            self._stdout.flush()
        else:
            self._rich().print(clean(text), style=style, markup=False, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """Something about the work rather than its result; goes to the error output."""
        self.finish()
        self._stderr.write(clean(text) + "\n")
        self._stderr.flush()

    def state(self, state: str, text: str) -> None:
        """A line that begins with a state."""
        self.line(state_sentence(state, text), style=COLOUR.get(state, ""))

    def log(self, job: str, text: str, *, raw: bool = False) -> None:
        """A line of a pipeline's log; its colours are kept in a terminal. `raw`: as the CI system wrote it."""
        shown = Shown(text) if raw else tidy(text)
        if shown is None:
            return
        if self.plain:
            self.line(f"{job} | {shown.text}")
            return
        from rich.text import Text

        words = Text.from_ansi(clean(shown.text, colours=True))
        words.stylize(shown.style)
        self._rich().print(Text.assemble((f"{clean(job)} | ", "dim"), words), soft_wrap=True)

    def progress(self, text: str) -> None:
        """What is going on, below everything else, until `finish`. Nothing without a terminal."""
        if self.plain:
            return
        if self._status is None:
            self._status = self._rich().status("")
            self._status.start()
        self._status.update(escaped(clean(text)))

    def finish(self) -> None:
        """Take the progress away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def json(self, text: str) -> None:
        """JSON text, indented."""
        self._stdout.write(json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n")

    def json_line(self, text: str) -> None:
        """One JSON document on a line of its own, at once: somebody reads them as they come."""
        self._stdout.write(json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")) + "\n")
        self._stdout.flush()

    def facts(self, rows: Iterable[tuple[str, str | None]]) -> None:
        """Names and values below each other; those without a value are left out."""
        known = [(name, value) for name, value in rows if value]
        width = max((len(name) for name, _ in known), default=0)
        for name, value in known:
            first, *more = clean(value).splitlines() or [""]
            self.line(f"{name:<{width}}  {first}")
            for line in more:
                self.line(f"{'':<{width}}  {line}")

    def table(self, columns: Row, rows: Sequence[Row], *, empty: str) -> None:
        """A table; `empty` instead of one without rows."""
        if not rows:
            self.line(empty)
        elif self.plain:
            self._aligned([columns, *rows])
        else:
            self._boxed(columns, rows)

    def _aligned(self, rows: Sequence[Row]) -> None:
        tidy = [[clean(cell).replace("\n", " ") for cell in row] for row in rows]
        widths = [max(len(row[number]) for row in tidy) for number in range(len(tidy[0]))]
        for row in tidy:
            self.line("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())

    def _boxed(self, columns: Row, rows: Sequence[Row]) -> None:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for row in rows:
            table.add_row(*(Text(clean(cell), style=COLOUR.get(cell.replace(" ", "_"), "")) for cell in row))
        self._rich().print(table)

    def _rich(self) -> "Console":
        if self._made is None:
            from rich.console import Console

            self._made = Console(file=self._stdout)
        return self._made
