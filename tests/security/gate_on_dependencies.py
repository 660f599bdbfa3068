"""The gate on dependencies (S48): `make dependencies` on a planted pin, and the list of parts.

pip-audit asks a server of ours in place of osv.dev, which knows three advisories as OSV publishes them
(https://ossf.github.io/osv-schema/). It is a tool of its own (requirements/audit.txt), so `make security` runs this and
`make test` does not: hence its name.
"""

import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from tests.security.reach import why_not

ROOT: Final = Path(__file__).parents[2]
OSV: Final = "https://api.osv.dev/v1/query"  # https://google.github.io/osv.dev/post-v1-query/
LOCKS: Final = ("dev", "audit", "node")  # dev has all of runtime
ADVISORIES: Final[dict[str, dict[str, Any]]] = {
    name: {
        "id": found,
        "aliases": [cve],
        "modified": "2024-01-01T00:00:00Z",
        "summary": summary,
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": name},
                "versions": versions,
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
            }
        ],
    }
    for name, found, cve, summary, versions, fixed in (
        ("pyyaml", "GHSA-8q59-q68h-6hv4", "CVE-2020-14343", "code is run by full_load", ["5.3", "5.3.1"], "5.4"),
        (
            "urllib3",
            "GHSA-v845-jxx5-vc9f",
            "CVE-2023-43804",
            "a cookie follows a redirect",
            ["2.0.4", "2.0.5"],
            "2.0.6",
        ),
        ("requests", "GHSA-j8r2-6x86-q33q", "CVE-2023-32681", "a password follows a redirect", ["2.30.0"], "2.31.0"),
    )
}


@dataclass
class Osv:
    url: str
    asked: set[tuple[str, str]] = field(default_factory=set)


@pytest.fixture
def osv() -> Iterator[Osv]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name, version = wanted["package"]["name"], wanted["version"]
            there.asked.add((name, version))
            found = ADVISORIES.get(name)
            hit = found is not None and version in found["affected"][0]["versions"]
            answer = json.dumps({"vulns": [found]} if hit else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there = Osv(f"http://127.0.0.1:{server.server_port}/v1/query")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield there
    server.shutdown()
    server.server_close()


def gate(osv: Osv, folder: Path, parts: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """As somebody's continuous integration runs it, with another database."""
    return subprocess.run(
        [
            "make",
            "dependencies",
            f"OSV={osv.url}",
            f"LOCKS={folder}",
            "NPM_AUDIT=",
            f"PARTS={parts or folder / 'parts.json'}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=840,
        check=False,
    )


def pins(lock: Path) -> set[tuple[str, str]]:
    lines = [line.split("\\")[0].strip() for line in lock.read_text().splitlines() if line[:1].isalnum()]
    found = [Requirement(line) for line in lines]
    return {
        (one.name, next(iter(one.specifier)).version) for one in found if one.marker is None or one.marker.evaluate()
    }


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    for lock in (ROOT / "requirements").glob("*.txt"):
        (tmp_path / lock.name).write_text(lock.read_text())
    return tmp_path


@pytest.mark.timeout(900)
def test_every_pin_is_asked_about_and_the_parts_are_listed(osv: Osv, locks: Path) -> None:
    done = gate(osv, locks)
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = set.union(*(pins(locks / f"{name}.txt") for name in LOCKS))
    assert wanted == osv.asked
    assert pins(locks / "runtime.txt") <= wanted
    parts = json.loads((locks / "parts.json").read_text())
    assert parts["bomFormat"] == "CycloneDX"
    assert {(part["name"], part["version"]) for part in parts["components"]} == pins(locks / "runtime.txt")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("pin", "named"), [("pyyaml==5.3.1", "CVE-2020-14343"), ("urllib3==2.0.5", "CVE-2023-43804")])
def test_a_pin_that_is_known_to_be_vulnerable_closes_the_gate(osv: Osv, locks: Path, pin: str, named: str) -> None:
    name = pin.partition("==")[0]
    for lock in locks.glob("*.txt"):
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join(f"{pin} \\" if line.startswith(f"{name}==") else line for line in lines))
    done = gate(osv, locks)
    assert done.returncode != 0
    assert named in done.stdout + done.stderr or ADVISORIES[name]["id"] in done.stdout + done.stderr


@pytest.mark.timeout(900)
def test_the_database_of_osv_knows_nothing_of_what_is_locked(tmp_path: Path) -> None:
    """The real one, where the network reaches it. Where not, that is said, and nothing is known of today's pins."""
    if (why := why_not(OSV)) is not None:
        pytest.skip(f"osv.dev does not answer here ({why}), so nobody has asked it about what is locked")
    done = gate(Osv(OSV), ROOT / "requirements", parts=tmp_path / "parts.json")
    assert done.returncode == 0, done.stdout + done.stderr
