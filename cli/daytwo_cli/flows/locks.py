"""Holding a lock, and taking one away after a second look."""

from collections.abc import Callable

from pydantic import JsonValue

from daytwo_actions.definitions.durations import parse_duration
from daytwo_api.views.lock_detail import LockDetail
from daytwo_api.views.locks import HoldView, LockRow
from daytwo_cli.client.api import Api, new_key
from daytwo_cli.errors import CliError, Declined, Usage
from daytwo_cli.show.words import at
from daytwo_cli.tools import Tools


def print_lock(say: Callable[[str], None], lock: LockDetail) -> None:
    """Everything about one key."""
    say(f"{lock.key}: {lock.text}")
    if lock.since:
        say(f"since {at(lock.since)} UTC, number {lock.fence}")
    if lock.hold:
        say(f"end the hold with: daytwo locks end {lock.hold.id}")
    if lock.next_hold:
        say(f"next: {lock.next_hold.by.name} ({lock.next_hold.id}): {lock.next_hold.reason}")
    hidden = lock.waiting - len(lock.queued)
    waiting = [*lock.queued, *([f"{hidden} that you may not see"] if hidden else [])]
    say(f"waiting: {', '.join(waiting) or 'nobody'}")
    for one in lock.running:
        where = f"{one.connection} run {one.external_run}" if one.external_run else one.connection
        say(f"{'ended' if one.ended else 'may still be running'}: {where} ({one.detail}) {one.url or ''}".rstrip())
    if lock.warning:
        say(lock.warning)


def hold(
    tools: Tools,
    api: Api,
    key: str,
    *,
    reason: str,
    lasts: str | None,
    until: str | None,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Raises Usage, Refused."""
    if lasts is not None and until is not None:
        raise Usage("Say --for or --until, not both. Nothing was sent.")
    body: dict[str, JsonValue] = {"key": key, "reason": reason, "until": until}
    if lasts is not None:
        try:
            body = {"key": key, "reason": reason, "seconds": int(parse_duration(lasts).total_seconds())}
        except ValueError as error:
            raise Usage(f"--for: {error}. Nothing was sent.") from None
    made = api.post("/locks/holds", HoldView, body, key=idempotency_key or new_key())
    if as_json:
        return tools.out.json(made.text)
    end = f"until {at(made.view.until)} UTC" if made.view.until else "until you end it"
    if lasts is None and until is None and made.view.until:
        end += ", as you said no end"
    begun = "is yours" if made.view.began_at else "will be yours when the run that has it has ended,"
    return tools.out.line(f"{key} {begun} {end}. End it with: daytwo locks end {made.view.id}")


def release(tools: Tools, api: Api, key: str, *, reason: str, fence: int | None, yes: bool, as_json: bool) -> None:
    """Raises Usage without anybody to ask, Declined, Refused."""
    if fence is None and not tools.asker.interactive:
        raise Usage(
            "There is no terminal to ask, so nothing was sent. Look at it with `daytwo locks show`, then say the "
            "number of the holder with --fence."
        )
    if fence is None or not yes:
        seen = api.get("/locks/detail", LockDetail, {"key": key}).view
        print_lock(tools.asker.say, seen)
        if not seen.may_release.allowed:
            raise CliError(f"Nothing was sent: {seen.may_release.why_not}")
        if seen.fence is None:
            raise CliError(f"Nobody has {key}, so there is nothing to take away. Nothing was sent.")
        fence = seen.fence if fence is None else fence
        if not yes:
            if not tools.asker.interactive:
                raise Usage("There is no terminal to ask, so nothing was sent. Add --yes to take it without asking.")
            if not tools.asker.confirm(f"Take {key} away from its holder?"):
                raise Declined("Nothing was changed.")
    answer = api.post("/locks/release", LockRow, {"key": key, "fence": fence, "reason": reason})
    if as_json:
        return tools.out.json(answer.text)
    return tools.out.line(f"{key}: {answer.view.text}")
