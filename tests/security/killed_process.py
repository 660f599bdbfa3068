"""S28, S31: a process that is killed with a secret in its memory leaves no core dump and no traceback with it.

`make security` runs this; it starts the API as users do.
"""

import json
import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from api_process import CONFIG, Start, parts, processes
from databases import Databases
from secret_action import set_password

from daytwo_actions.masking import encodings_of

CANARY: Final = "Tr0ub4dor/canary-of-a-killed-process"
MINE: Final = 0b1111  # private and shared memory, of files and of none; see core(5)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with processes(tmp_path) as begin:
        yield begin


@pytest.mark.parametrize("how", [signal.SIGABRT, signal.SIGSEGV], ids=["aborted", "a fault"])
def test_a_killed_process_leaves_no_secret_behind(
    start: Start, databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    actions = tmp_path / "more-actions"
    actions.mkdir()
    (actions / "set-password.yaml").write_text(json.dumps(set_password()))
    monkeypatch.chdir(tmp_path)  # where a dump would be written
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        url = databases.create()
        config = CONFIG.replace("{actions}]", f"{{actions}}, {actions}]")
        process = start(url, config, PYTHONFAULTHANDLER="1")
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    process.wait_for("/readyz", lambda answer: parts(answer).get("company", False), seconds=300)
    pid = process.running.pid
    with httpx.Client(base_url=process.url, headers={"Origin": process.url}, timeout=30) as ana:
        assert ana.post("/api/v1/session", json={"name": "ana"}).status_code == 200
        answers = {"account": "shop", "password": CANARY}
        body = {"entity": "service:shop", "answers": answers}
        assert ana.post("/api/v1/actions/set-password/form", json=body).status_code == 200
        body = {"entity": "service:shop", "inputs": answers}
        assert ana.post("/api/v1/actions/set-password/plan", json=body).status_code == 503, "its CI system is not there"
    assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)
    assert int(Path(f"/proc/{pid}/coredump_filter").read_text(), 16) & MINE == 0
    code, lines = process.stop(how)
    assert code == -how
    assert any("Fatal Python error" in line or "Current thread" in line for line in lines), "its stack was printed"
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    said = "\n".join(lines).encode() + b"".join(path.read_bytes() for path in written)
    assert [form for form in encodings_of(CANARY) if form.encode() in said] == []
    assert [path.name for path in written if "core" in path.name] == []
    databases.drop(url)
