"""The logs of pods as one stream of entries, while they run or once."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from daytwo_standins.argo.engine import Engine
from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.selectors import matches_labels
from daytwo_standins.argo.lifetimes import pod_is_there
from daytwo_standins.argo.pod_log import read_log
from daytwo_standins.argo.runs import Run
from daytwo_standins.argo.views import PREFIX

_EVERY = 0.1
Entry = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class LogQuery:
    """What of a log is wanted."""

    pod: str = ""
    selector: str = ""  # of the labels that pods carry
    container: str = "main"
    follow: bool = False
    timestamps: bool = False
    grep: str = ""
    since: str = ""  # RFC 3339
    tail: int | None = None


class LogStream:
    """Entries of the pods of one workflow, sorted by time within what is there at once."""

    def __init__(self, engine: Engine, run: Run, query: LogQuery) -> None:
        self._engine = engine
        self._run = run
        self._query = query
        self._offsets: dict[str, int] = {}
        self._grep = re.compile(query.grep) if query.grep else None

    async def entries(self, keep_alive: float) -> AsyncIterator[Entry | None]:
        """The lines; with follow until the workflow has ended. None now and then, when there is nothing to say."""
        said = time.monotonic()
        for entry in self._first():
            yield entry
        while self._query.follow:
            over = self._run.state.ended or not self._run.live
            for entry in self._new():
                said = time.monotonic()
                yield entry
            if over:
                return
            if time.monotonic() - said > keep_alive:
                said = time.monotonic()
                yield None
            await asyncio.sleep(_EVERY)

    def _first(self) -> list[Entry]:
        found = self._new()
        return found if self._query.tail is None else found[len(found) - min(self._query.tail, len(found)) :]

    def _new(self) -> list[Entry]:
        lines = [line for node in self._pods() for line in self._lines(node)]
        lines.sort(key=lambda line: line[0])
        return [
            {"content": f"{at} {text}" if self._query.timestamps else text, "podName": pod} for at, text, pod in lines
        ]

    def _pods(self) -> list[Node]:
        query = self._query
        if query.container != "main":
            return []
        return [
            node
            for node in list(self._run.state.nodes.values())
            if pod_is_there(self._run, node)
            and query.pod in {"", node.pod_name}
            and matches_labels(query.selector, self._labels(node))
        ]

    def _labels(self, node: Node) -> dict[str, str]:
        template = self._run.workflow.template(node.template_name) or {}
        own = (template.get("metadata") or {}).get("labels") or {}
        done = "true" if node.fulfilled else "false"
        return {**own, f"{PREFIX}/workflow": self._run.accepted.name, f"{PREFIX}/completed": done}

    def _lines(self, node: Node) -> list[tuple[str, str, str]]:
        path = self._run.log_file(node.id)
        found = []
        for at, text, offset in read_log(path, self._offsets.get(node.id, 0)) if path else ():
            self._offsets[node.id] = offset
            if at >= self._query.since and (self._grep is None or self._grep.search(text)):
                found.append((at, text, node.pod_name))
        return found
