"""What goes on: the events of workflows and the logs of their pods; and logs as files, once the pods are gone."""

import asyncio
import re
import time
from collections.abc import AsyncIterator

from daytwo_standins.argo.calls import Call, Json, Operation, Stream
from daytwo_standins.argo.config import Permission
from daytwo_standins.argo.interpreter.nodes import Node
from daytwo_standins.argo.interpreter.selectors import SelectorError, matches_labels
from daytwo_standins.argo.listing import wanted
from daytwo_standins.argo.log_stream import LogQuery, LogStream
from daytwo_standins.argo.pod_log import read_log, stamp
from daytwo_standins.argo.problems import ApiError, invalid, not_found
from daytwo_standins.argo.routes.workflows import shown
from daytwo_standins.argo.runs import Run
from daytwo_standins.shared.answers import Answer
from daytwo_standins.shared.faults import LogFault
from daytwo_standins.shared.generated_logs import lines, slowly

_ONE = "/api/v1/workflows/{namespace}/{name}"
_FILES = "/artifact-files/{namespace}/{kind}/{id}/{node}/outputs/{artifact}"


async def events(call: Call) -> Answer:
    """The workflows that are there, then every change of them, for a while."""
    wanted_version = call.option("listOptions.resourceVersion", "0")
    since = int(wanted_version) if wanted_version.isdigit() else 0
    return Stream(objects=_events(call, since))


async def _events(call: Call, since: int) -> AsyncIterator[Json | None]:
    config, ends = call.standin.config, time.monotonic() + call.standin.config.watch_seconds
    with call.standin.engine.changes.listening() as heard:
        for run in call.standin.engine.runs:
            if run.live and run.version > since and wanted(call, run):
                yield {"type": "ADDED", "object": shown(call, run)}
        while (left := ends - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(min(left, config.keep_alive)):
                    kind, run = await heard.get()
            except TimeoutError:
                yield None
                continue
            if wanted(call, run):
                yield {"type": kind, "object": shown(call, run)}


async def logs(call: Call) -> Answer:
    """The lines of the pods of a workflow, or of one."""
    run = call.run
    query = _query(call)
    if call.effects.log is not None:
        return Stream(objects=_odd(call.effects.log, query.pod or run.accepted.name))
    return Stream(objects=LogStream(call.standin.engine, run, query).entries(call.standin.config.keep_alive))


async def _odd(fault: LogFault, pod: str) -> AsyncIterator[Json | None]:
    for line in lines(fault):
        await asyncio.sleep(fault.pause)
        yield {"content": line, "podName": pod}


async def log_file(call: Call) -> Answer:
    """The log of a node as a file; it stays when the pod is collected and when only the archive has the workflow."""
    run = _of_path(call)
    node = run.state.nodes.get(call.params["node"])
    path = run.log_file(node.id) if node is not None else None
    kept = call.settings.archive_logs and call.params["artifact"] == "main-logs"
    if node is None or path is None or not kept or not node.fulfilled:
        raise ApiError(5, f"artifact not found: {call.params['artifact']} of {call.params['node']}")
    if call.effects.log is not None:
        return Answer(pieces=slowly(call.effects.log), headers={"content-type": "text/plain; charset=utf-8"})
    text = "".join(f"{line}\n" for _, line, _ in read_log(path, 0))
    name = f'filename="{_file_name(node)}"'
    headers = {"content-type": "text/plain; charset=utf-8", "content-disposition": name}
    return Answer(raw=text.encode(), headers=headers)


def _of_path(call: Call) -> Run:
    kind, wanted_id = call.params["kind"], call.params["id"]
    runs = call.standin.engine.runs
    if kind == "workflow":
        found = runs.live(call.namespace, wanted_id)
    elif kind == "archived-workflows":
        found = runs.get(wanted_id)
        found = found if found is not None and found.archived else None
    else:
        raise invalid(f"unrecognized id discriminator: {kind}")
    if found is None or found.accepted.namespace != call.namespace or found.accepted.effects.deleted:
        raise not_found("workflows", wanted_id)
    return found


def _file_name(node: Node) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", f"{node.pod_name}-main.log")


def _query(call: Call) -> LogQuery:
    tail, grep = call.option("logOptions.tailLines"), call.option("grep")
    try:
        re.compile(grep)
        matches_labels(call.option("selector"), {})
    except (re.error, SelectorError) as error:
        raise invalid(f"grep or selector cannot be read: {error}") from error
    return LogQuery(
        pod=call.params.get("pod") or call.option("podName"),
        selector=call.option("selector"),
        container=call.option("logOptions.container", "main"),
        follow=call.option("logOptions.follow") == "true",
        timestamps=call.option("logOptions.timestamps") == "true",
        grep=grep,
        since=_since(call),
        tail=int(tail) if tail.isdigit() else None,
    )


def _since(call: Call) -> str:
    seconds = call.option("logOptions.sinceSeconds")
    if seconds.isdigit():
        return stamp(time.time() - int(seconds))
    told = call.option("logOptions.sinceTime.seconds")
    return stamp(float(told)) if told.isdigit() else ""


OPERATIONS = (
    Operation(
        name="events",
        method="GET",
        path="/api/v1/workflow-events/{namespace}",
        handler=events,
        permission=Permission.READ,
        verb="watch",
        streams=True,
    ),
    Operation(name="logs", method="GET", path=f"{_ONE}/log", handler=logs, permission=Permission.LOGS, streams=True),
    Operation(
        name="pod_logs",
        method="GET",
        path=f"{_ONE}/{{pod}}/log",
        handler=logs,
        permission=Permission.LOGS,
        streams=True,
    ),
    Operation(name="artifact", method="GET", path=_FILES, handler=log_file, permission=Permission.LOGS),
)
