"""Asks the machine for so many processes of the running release, and waits until exactly so many answer."""

import os
import time

from place import about, fail, output, place, say, seconds, summary, until

MOST = 4


def main() -> None:
    where, wanted = place(), _wanted()
    aside = where.folder / f".scale-{os.getpid()}"
    aside.write_text(f"{wanted}\n", encoding="utf-8")
    aside.replace(where.folder / "scale")
    say(f"asked for {wanted} of {where.service} {where.running()}")
    if not until(lambda: len(_seen(where.port)) == wanted, seconds()):
        fail(f"{len(_seen(where.port))} of {where.service} answer on port {where.port}, and should be {wanted}")
    say(f"{wanted} of {where.service} answer on port {where.port}")
    output("replicas", str(wanted))
    summary(f"{wanted} of {where.service} run in {where.environment}")


def _wanted() -> int:
    text = os.environ.get("REPLICAS", "")
    if text not in {str(number) for number in range(1, MOST + 1)}:
        fail(f"REPLICAS is {text!r}, which is not a number from 1 to {MOST}")
    return int(text)


def _seen(port: int) -> set[object]:
    """Which processes have answered lately: one answers one connection, and nobody chooses which."""
    found = set()
    for _ in range(40):
        found.add(about(port).get("instance"))
        time.sleep(0.01)
    return found - {None}


if __name__ == "__main__":
    main()
