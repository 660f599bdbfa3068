"""Asks the machine to start the running release again, and waits until another process answers with it."""

import os

from place import about, fail, place, say, seconds, summary, until


def main() -> None:
    where = place()
    before = about(where.port)
    running = where.running()
    if not before:
        say(f"nothing healthy answers on port {where.port}; asking for a start all the same")
    graceful = os.environ.get("GRACEFUL", "true") == "true"
    aside = where.folder / f".restart-{os.getpid()}"
    aside.write_text("graceful\n" if graceful else "now\n", encoding="utf-8")
    aside.replace(where.folder / "restart")
    say(f"asked for {'a graceful' if graceful else 'an immediate'} restart of {where.service} {running}")

    def again() -> bool:
        answer = about(where.port)
        return answer.get("version") == running and answer.get("instance") != before.get("instance")

    if not until(again, seconds()):
        fail(f"no new {where.service} {running} answers on port {where.port} after {seconds():g} seconds")
    say(f"{where.service} {running} was started at {about(where.port).get('started')}")
    summary(f"{where.service} {running} was restarted in {where.environment}")


if __name__ == "__main__":
    main()
