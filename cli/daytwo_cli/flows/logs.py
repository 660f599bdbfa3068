"""Log lines that are there already, page by page."""

from collections.abc import Iterator

from daytwo_api.views.runs import LogBatch
from daytwo_cli.client.api import Api
from daytwo_cli.tools import Tools

_PAGE = 5000


def print_logs(
    tools: Tools, api: Api, run: str, *, after: int, grep: str, raw: bool = False, as_json: bool = False
) -> None:
    """All lines after this one. Where nobody could look for a text is said, so that no match does not mislead.

    `as_json`: each as an object on a line of its own, as the API has it.
    """
    not_searched = 0
    for batch in _pages(api, run, after=after, grep=grep):
        not_searched = batch.not_searched
        for line in batch.lines:
            if as_json:
                tools.out.json_line(line.model_dump_json())
            else:
                tools.out.log(line.job, line.text, raw=raw)
    if not_searched:
        tools.out.note(f"{not_searched:,} lines of this log are not kept, and nothing was looked for in them.")


def _pages(api: Api, run: str, *, after: int, grep: str) -> Iterator[LogBatch]:
    while True:
        batch = api.get(f"/runs/{run}/logs", LogBatch, {"after": after, "limit": _PAGE, "grep": grep}).view
        yield batch
        if len(batch.lines) < _PAGE:
            return
        after = batch.next
