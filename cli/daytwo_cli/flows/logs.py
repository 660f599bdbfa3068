"""Log lines that are there already, page by page."""

from daytwo_api.views.runs import LogBatch
from daytwo_cli.client.api import Api
from daytwo_cli.tools import Tools

_PAGE = 5000


def print_logs(tools: Tools, api: Api, run: str, *, after: int, grep: str, as_json: bool) -> None:
    """All lines after this one. With `as_json` one page a line, as the API answers it."""
    while True:
        found = api.get(f"/runs/{run}/logs", LogBatch, {"after": after, "limit": _PAGE, "grep": grep})
        if as_json:
            tools.out.json(found.text)
        for line in () if as_json else found.view.lines:
            tools.out.log(line.job, line.text)
        if found.view.next <= after or (len(found.view.lines) < _PAGE and not grep):
            return
        after = found.view.next
