"""Changes which release runs.

    switch.py remember   notes what runs now, as the output `release`
    switch.py to         points `current` at VERSION, waits until the environment's port answers with it,
                         and watches it for WATCH_SECONDS (0 if not given)
    switch.py back       points it at PREVIOUS again, if it was moved
    switch.py safely     `to`, and `back` if that fails or is told to end: for CI systems without steps after a failure
"""

import os
import signal
import sys
import tempfile
from pathlib import Path

from place import Place, about, fail, output, place, result, say, seconds, summary, until, version


def remember() -> None:
    where = place()
    running = where.running()
    say(f"{where.service} in {where.environment} is {running or 'nothing yet'}")
    output("release", running or "")


def to() -> None:
    where, wanted = place(), version()
    if not where.release(wanted).is_dir():
        fail(f"{where.service} {wanted} is not installed in {where.environment}; run the job `install` first")
    _point(where, wanted)
    say(f"{where.current} points at {wanted}; waiting for port {where.port}")
    _await(where, wanted)
    say(f"{where.service} {wanted} answers in {where.environment}")
    _watch(where, wanted)
    address = f"http://127.0.0.1:{where.port}/"
    summary(f"{where.service} **{wanted}** runs in {where.environment}: {address}")
    result(version=wanted, url=address)


def safely() -> None:
    previous = place().running() or ""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end before the switch was done"))
    try:
        to()
    except SystemExit:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _restore(place(), previous)
        raise


def back() -> None:
    _restore(place(), os.environ.get("PREVIOUS", ""))


def _restore(where: Place, previous: str) -> None:
    if not previous:
        fail(f"nothing ran in {where.environment} before, so nothing can be put back; {where.current} stays as it is")
    if where.running() == previous:
        say(f"{previous} was not touched")
        return
    _point(where, previous)
    _await(where, previous)
    say(f"{where.service} {previous} runs in {where.environment} again")


def _point(where: Place, wanted: str) -> None:
    """In one step: a link made aside takes the place of the old one, so there is no moment without a link."""
    with tempfile.TemporaryDirectory(prefix=".link-", dir=where.folder) as aside:
        link = Path(aside, "current")
        link.symlink_to(Path("releases", wanted))
        link.replace(where.current)


def _await(where: Place, wanted: str) -> None:
    """The same version from another commit is not it."""
    commit = (where.release(wanted) / "REVISION").read_text(encoding="utf-8").strip()

    def there() -> bool:
        answer = about(where.port)
        return (answer.get("version"), answer.get("revision")) == (wanted, commit)

    if not until(there, seconds()):
        now = about(where.port).get("version") or "nothing"
        title = f"{where.service} {wanted} does not answer in {where.environment}"
        fail(f"on port {where.port} answers {now}, not {wanted}, after {seconds():g} seconds", title)


def _watch(where: Place, wanted: str) -> None:
    """Some releases answer once and die."""
    limit = seconds("WATCH_SECONDS", otherwise="0")
    if not limit:
        return
    say(f"watching it for {limit:g} seconds")
    if until(lambda: about(where.port).get("version") != wanted, limit):
        title = f"{where.service} {wanted} does not stay in {where.environment}"
        fail(f"it answered, and then did not any more within {limit:g} seconds", title)
    say("it is still there")


if __name__ == "__main__":
    {"remember": remember, "to": to, "back": back, "safely": safely}[sys.argv[1]]()
