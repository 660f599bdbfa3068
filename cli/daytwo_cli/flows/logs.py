"""Log lines that are there already, page by page."""

from collections.abc import Iterator

from daytwo_api.views.runs import LogBatch
from daytwo_cli.client.api import Api
from daytwo_cli.tools import Tools

_PAGE = 5000


def print_logs(tools: Tools, api: Api, run: str, *, after: int, grep: str, as_json: bool) -> None:
    """All lines after this one. With `as_json` all of them as one batch."""
    pages = _pages(api, run, after=after, grep=grep)
    if as_json:
        batches = list(pages)
        lines = [line for batch in batches for line in batch.lines]
        return tools.out.json(LogBatch(lines=lines, next=batches[-1].next).model_dump_json())
    for batch in pages:
        for line in batch.lines:
            tools.out.log(line.job, line.text)
    return None


def _pages(api: Api, run: str, *, after: int, grep: str) -> Iterator[LogBatch]:
    while True:
        batch = api.get(f"/runs/{run}/logs", LogBatch, {"after": after, "limit": _PAGE, "grep": grep}).view
        yield batch
        if len(batch.lines) < _PAGE:
            return
        after = batch.next
