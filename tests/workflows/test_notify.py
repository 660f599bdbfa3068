"""People are told: who, by which channel, in which words; tried again; and an alarm when nobody could be told."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from ci_in_memory import CiInMemory
from company import SHOP, Company
from receivers import HookServer, MailServer, hook_server, mail_server
from sqlalchemy import select, text
from standardwebhooks import Webhook
from stepping import Stepping, dispatch

from daytwo_actions.backends.base import Ambiguous
from daytwo_store import entities, messages
from daytwo_store.clock import GivenClock
from daytwo_store.ids import RunId
from daytwo_store.messages import PAUSES
from daytwo_store.notifications import Notice, tell
from daytwo_store.states import ExternalStatus, RunState
from daytwo_store.tables import AuditRow, MessageRow, NotificationRow
from daytwo_workflows.contracts import What
from daytwo_workflows.notify import compose as compose_module
from daytwo_workflows.notify import notifier as notifier_module
from daytwo_workflows.notify.channels import Channel, Outgoing, open_channels
from daytwo_workflows.notify.compose import address_of
from daytwo_workflows.notify.entry import NotificationsEntry, beside
from daytwo_workflows.notify.notifier import Notifier

pytestmark = pytest.mark.anyio
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "A" * 32
PAGE = "https://daytwo.example"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with hook_server() as server:
        yield server


Make = Callable[..., Notifier]


@pytest.fixture
def make(company: Company, mail: MailServer, hook: HookServer, tmp_path: Path) -> Make:
    """A notifier with a mail server, a chat and a webhook; keywords change the settings."""

    def written(name: str, content: str) -> str:
        (tmp_path / name).write_text(content + "\n")
        return name

    def build(patience: float = 30, **changes: Any) -> Notifier:
        chat = hook.url.replace("http://", "json://") + "/chat"
        given: dict[str, Any] = {
            "channels": {
                "mail": {
                    "kind": "mail",
                    "url_file": written("mail", f"mailto://127.0.0.1:{mail.port}?from=daytwo@acme.example"),
                },
                "chat": {"kind": "chat", "url_file": written("chat", chat)},
                "hooks": {
                    "kind": "webhook",
                    "url_file": written("hooks", f"{hook.url}/hooks?key=url-secret"),
                    "secret_files": [written("secret", SECRET)],
                },
            },
            "routes": [{"events": ["*"], "channels": ["mail"]}],
        }
        for name, value in changes.items():
            given[name] = {**given[name], **value} if name == "channels" else value
        entry = NotificationsEntry.model_validate(beside(tmp_path, given))
        store = company.store
        channels = open_channels(entry, patience=patience)
        return Notifier(store=store, entry=entry, channels=channels, page=PAGE, name="test", pause=1)

    return build


async def stopped_clock(company: Company) -> GivenClock:
    async with company.store.read() as session:
        clock = GivenClock(await company.store.clock.now(session))
    company.store.clock = clock
    return clock


async def asked(company: Company) -> RunId:
    """A run that waits for sre's approval."""
    run = await company.ask("ana", "1.1.0", "production")
    await company.drive(run)
    return run


async def outcomes(company: Company, run: RunId | None = None) -> dict[str, str | None]:
    async with company.store.read() as session:
        rows = await session.scalars(select(NotificationRow).order_by(NotificationRow.n))
        return {row.kind: row.outcome for row in rows if run is None or row.run_id == run}


async def test_everybody_who_is_asked_gets_a_mail_and_nothing_in_it_decides(
    company: Company, make: Make, mail: MailServer
) -> None:
    run = await asked(company)
    (approval,) = await company.approvals(run)
    notifier = make()
    assert await notifier.round() == len(mail.taken)
    recipients = sorted(to for to, _ in mail.taken)
    assert ["sam@acme.example"] in recipients
    assert all(len(to) == 1 for to in recipients), "nobody sees the addresses of others"
    message = next(one for to, one in mail.taken if to == ["sam@acme.example"])
    assert message["Subject"] == "Your approval is asked: Deploy a service, service:shop"
    assert message.get_content_type() == "text/plain"
    body = message.get_content().replace("\r\n", "\n")
    assert "Asked for by Ana." in body
    assert f"{PAGE}/approvals/{approval.id}\n" in body
    assert body.count("http") == 1
    assert "1.1.0" not in body, "no input"
    assert approval.digest not in message.as_string()
    assert await notifier.round() == 0, "once"
    assert await outcomes(company, run) == {"approval.asked": "told"}


async def test_a_webhook_is_signed_as_standard_webhooks_say(
    company: Company, make: Make, hook: HookServer, tmp_path: Path
) -> None:
    (tmp_path / "next").write_text(OTHER)
    channel = {"kind": "webhook", "url_file": "hooks", "secret_files": ["secret", "next"]}
    notifier = make(channels={"hooks": channel}, routes=[{"events": ["approval.*"], "channels": ["hooks"]}])
    run = await asked(company)
    assert await notifier.round() == 1
    ((path, headers, body),) = hook.taken
    assert path == "/hooks?key=url-secret"
    for secret in (SECRET, OTHER):
        told = Webhook(secret).verify(body, headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook("whsec_" + "B" * 32).verify(body, headers)
    assert told["type"] == "approval.asked"
    assert told["data"]["id"] == headers["webhook-id"]
    assert (told["data"]["run"], told["data"]["audience"]) == (run, "group:sre")
    assert told["data"]["link"].startswith(f"{PAGE}/approvals/a_")


async def test_what_was_not_taken_is_tried_again_with_the_same_id_later_and_later(
    company: Company, make: Make, hook: HookServer
) -> None:
    clock = await stopped_clock(company)
    hook.answers = [500, 302, 503, 200]
    hook.location = f"{hook.url}/elsewhere"
    notifier = make(routes=[{"events": ["approval.asked"], "channels": ["hooks"]}])
    run = await asked(company)
    for number, pause in enumerate(PAUSES[:3]):
        assert await notifier.round() == 0
        assert len(hook.taken) == number + 1, "no redirection is followed"
        assert await notifier.round() == 0
        assert len(hook.taken) == number + 1, "not before its time"
        clock.moment += timedelta(seconds=pause)
    assert await outcomes(company, run) == {"approval.asked": "failed"}, "an alarm by now"
    assert await notifier.round() == 1
    assert await outcomes(company, run) == {"approval.asked": "told"}, "and no more"
    assert len({headers["webhook-id"] for _, headers, _ in hook.taken}) == 1
    assert len({body for _, _, body in hook.taken}) == 1


BAD = {Notice.RUN_FAILED, Notice.RUN_CANCELLED, Notice.RUN_REFUSED, Notice.RUN_NEEDS_ATTENTION}
EVERYWHERE = [{"events": ["*"], "channels": ["mail", "chat", "hooks"]}]


async def tried_twice(company: Company, folder: Path) -> tuple[Stepping, RunId]:
    """The first try fails, and nobody knew for a while whether it had begun."""
    stepping = Stepping(company, await stopped_clock(company), folder)
    company.ci.says, company.ci.ends_as = (lambda _: Ambiguous(detail="502 Bad Gateway")), None
    run = await stepping.run(dispatch("ship", retry={"attempts": 2, "wait": "1m"}))
    assert [row.state for row in await company.attempts(run)] == ["accepted"], "found by its marker"
    company.ci.down = True  # then it is not known how it goes
    await stepping.on(run, later=timedelta(minutes=1))
    company.ci.down = False
    company.ci.end("1", ExternalStatus.FAILED)
    assert (await stepping.on(run, later=timedelta(minutes=1))).what is What.WAIT, "for the next try"
    return stepping, run


async def test_of_a_run_that_succeeds_after_all_no_failure_is_told(
    company: Company, make: Make, mail: MailServer, hook: HookServer, tmp_path: Path
) -> None:
    notifier = make(routes=EVERYWHERE)
    stepping, run = await tried_twice(company, tmp_path)
    await notifier.round()
    company.ci.ends_as = ExternalStatus.SUCCEEDED
    await stepping.on(run, later=timedelta(minutes=2))
    await stepping.on(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    assert [row.state for row in await company.attempts(run)] == ["failed", "accepted"]
    await notifier.round()
    assert BAD.isdisjoint(await outcomes(company, run))
    subjects = [str(message["Subject"]) for _, message in mail.taken]
    told = [body.decode() for _, _, body in hook.taken]
    assert not [text for text in (*subjects, *told) if "failed" in text.casefold()]


class Killed(BaseException):
    """The process is gone."""


class Dying:
    """A channel whose process is killed, before a message or when it has been taken."""

    def __init__(self, channel: Channel, *, after: bool) -> None:
        self.channel = channel
        self.after = after

    async def send(self, message: Outgoing) -> str | None:
        if self.after:
            await self.channel.send(message)
        raise Killed


@pytest.mark.parametrize("after", [False, True])
async def test_a_failure_is_told_once_also_when_the_notifier_is_killed(
    company: Company, make: Make, mail: MailServer, hook: HookServer, tmp_path: Path, after: bool
) -> None:
    """Killed when a message was taken and nobody noted it, it goes out again with the same id: it is taken once."""
    stepping, run = await tried_twice(company, tmp_path)
    await make(routes=EVERYWHERE).round()
    company.ci.says, company.ci.ends_as = CiInMemory().says, ExternalStatus.FAILED
    await stepping.on(run, later=timedelta(minutes=2))
    await stepping.on(run)
    assert (await company.run(run)).state == RunState.FAILED
    first = make(routes=EVERYWHERE)
    first.channels = {"hooks": Dying(first.channels["hooks"], after=after)}  # it had no time for the others
    with pytest.raises(Killed):
        await first.round()
    stepping.clock.moment += timedelta(minutes=5)
    for _ in range(3):
        await make(routes=EVERYWHERE).round()
        stepping.clock.moment += timedelta(minutes=5)
    async with company.store.read() as session:
        rows = list(await session.scalars(select(NotificationRow).where(NotificationRow.run_id == run)))
    assert [row.kind for row in rows if row.kind in BAD] == [Notice.RUN_FAILED]
    failed = [
        (headers, body) for path, headers, body in hook.taken if path.startswith("/hooks") and b"run.failed" in body
    ]
    assert len({headers["webhook-id"] for headers, _ in failed}) == 1
    assert len(failed) == (2 if after else 1)
    chats = [body for path, _, body in hook.taken if path == "/chat" and b"failed" in body.lower()]
    assert len(chats) == 1
    to_ana = [
        message for to, message in mail.taken if to == ["ana@acme.example"] and "ailed" in str(message["Subject"])
    ]
    assert len(to_ana) == 1


async def test_that_nobody_could_be_told_is_an_alarm_on_the_run(
    company: Company, make: Make, mail: MailServer, hook: HookServer
) -> None:
    clock = await stopped_clock(company)
    mail.refuse, hook.answers = "554 5.7.1 no", [403]
    notifier = make(routes=[{"events": ["*"], "channels": ["mail", "hooks"]}])
    run = await asked(company)
    await notifier.round()
    async with company.store.read() as session:
        assert await messages.unheard(session, run) == []
    for pause in PAUSES[:2]:
        clock.moment += timedelta(seconds=pause)
        await notifier.round()
    async with company.store.read() as session:
        (lost,) = await messages.unheard(session, run)
        counted = await messages.count(session)
        told = (await session.scalars(select(AuditRow).where(AuditRow.action == "notification.undelivered"))).all()
        errors = set(await session.scalars(select(MessageRow.last_error)))
    assert (lost.kind, lost.outcome) == ("approval.asked", "failed")
    assert counted.unheard == 1
    assert [row.subject for row in told] == [f"run:{run}"]
    assert errors == {"it answered 403", "it does not answer, or did not take the message"}
    clock.moment += timedelta(days=20)
    mail.refuse = None
    await notifier.round()
    assert await outcomes(company, run) == {"approval.asked": "told"}


async def test_after_the_last_try_it_is_given_up(company: Company, make: Make, hook: HookServer) -> None:
    clock = await stopped_clock(company)
    hook.answers = [500]
    notifier = make(routes=[{"events": ["approval.asked"], "channels": ["hooks"]}])
    await asked(company)
    for pause in (*PAUSES, 0):
        await notifier.round()
        clock.moment += timedelta(seconds=pause)
    assert len(hook.taken) == len(PAUSES) + 1
    clock.moment += timedelta(days=9)
    await notifier.round()
    assert len(hook.taken) == len(PAUSES) + 1
    async with company.store.read() as session:
        assert list(await session.scalars(select(MessageRow.state))) == ["failed"]


async def test_a_slow_or_broken_channel_holds_up_no_other(
    company: Company, make: Make, mail: MailServer, hook: HookServer
) -> None:
    notifier = make(routes=[{"events": ["*"], "channels": ["mail", "hooks"]}])

    class Broken:
        async def send(self, message: object) -> str | None:
            await anyio.sleep(0.05)
            return "it failed"

    notifier.channels = {**notifier.channels, "hooks": Broken()}
    run = await asked(company)
    await notifier.round()
    assert len(mail.taken) > 0
    assert await outcomes(company, run) == {"approval.asked": "told"}


async def test_who_is_asked_and_no_route_leads_to_them_is_an_alarm_and_the_rest_is_a_choice(
    company: Company, make: Make
) -> None:
    notifier = make(routes=[{"events": ["*"], "to": ["group:finance"], "channels": ["mail"]}])
    run = await asked(company)
    await company.decide("sam", run)
    await company.through(run)
    await notifier.round()
    found = await outcomes(company, run)
    assert (found["approval.asked"], found["run.succeeded"]) == ("nobody", "not wanted")
    async with company.store.read() as session:
        (lost,) = await messages.unheard(session, run)
    assert lost.why == "no route leads to group:sre"


LOUD = (Notice.GLASS_ASKED, Notice.GLASS_BROKEN, Notice.REVIEW_REMINDER, Notice.RUN_NEEDS_ATTENTION)


async def test_without_channels_nothing_is_sent_and_what_is_loud_is_an_alarm(company: Company, make: Make) -> None:
    """People look at the page for what they are asked; nobody looks there for glass that was broken."""
    notifier = make()
    notifier.entry, notifier.channels = NotificationsEntry(), {}
    run = await asked(company)
    async with company.store.write() as tx:
        for kind in LOUD:
            tell(tx, kind, audience=["group:sre"], run=run)
    await notifier.round()
    assert await outcomes(company, run) == {"approval.asked": "off"} | {str(kind): "nobody" for kind in LOUD}
    async with company.store.read() as session:
        lost = await messages.unheard(session, run)
        counted = await messages.count(session)
    assert [(one.kind, one.why) for one in lost] == [(str(kind), "no channel is configured") for kind in LOUD]
    assert counted.unheard == len(LOUD)


async def test_routes_are_for_groups_their_members_and_people(company: Company, make: Make, mail: MailServer) -> None:
    notifier = make(
        routes=[
            {"events": ["run.succeeded"], "to": ["group:storefront"], "channels": ["mail", "chat"]},
            {"events": ["run.succeeded"], "to": ["person:ana"], "channels": ["mail"]},
        ]
    )
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    await notifier.round()
    async with company.store.read() as session:
        sent = {(row.channel, row.recipient) for row in await session.scalars(select(MessageRow))}
    assert sent == {("mail", "person:ana"), ("mail", "person:ben"), ("chat", "")}, "each once, whatever routes say it"


async def test_of_a_notification_for_very_many_the_chat_comes_first_and_how_many_were_left_out_is_in_the_audit(
    company: Company, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose_module, "MOST", 2)
    notifier = make(routes=[{"events": ["run.succeeded"], "channels": ["mail", "chat"]}])
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    async with company.store.write() as tx:
        row = await tx.session.scalar(select(NotificationRow).where(NotificationRow.kind == "run.succeeded"))
        assert row is not None
        row.audience = [*row.audience, "person:ben", "person:mia"]
    await notifier.round()
    async with company.store.read() as session:
        sent = [(row.channel, row.recipient) for row in await session.scalars(select(MessageRow))]
        cut = (await session.scalars(select(AuditRow).where(AuditRow.action == "notification.cut"))).all()
    assert len(sent) == 2
    assert ("chat", "") in sent
    assert [(row.subject, row.facts["count"]) for row in cut] == [(f"run:{run}", "1")]


async def test_no_more_a_minute_than_the_channel_takes(company: Company, make: Make, hook: HookServer) -> None:
    clock = await stopped_clock(company)
    channel = {"kind": "webhook", "url_file": "hooks", "secret_files": ["secret"], "per_minute": 2}
    notifier = make(channels={"hooks": channel}, routes=[{"events": ["*"], "channels": ["hooks"]}])
    async with company.store.write() as tx:
        for number in range(5):
            tell(tx, Notice.DELEGATION_BEGUN, audience=["person:sam"], facts={"number": number})
    assert [await notifier.round() for _ in range(2)] == [2, 0]
    clock.moment += timedelta(seconds=61)
    assert await notifier.round() == 2
    clock.moment += timedelta(seconds=61)
    assert await notifier.round() == 1


EVIL = (
    "<b>Shop</b> [win](https://evil.example) <!channel> @everyone `x` <https://evil.example|here>\r\nBcc: eve@x\x1b[2J"
)


async def evil_shop(company: Company) -> RunId:
    """A run by somebody and of an action with names full of markup."""
    run = await asked(company)
    async with company.store.engine.begin() as connection:
        await connection.execute(text("UPDATE principal SET name = :evil"), {"evil": EVIL})
        await connection.execute(
            text(
                "UPDATE action_version SET document = "
                "jsonb_set(document::jsonb, '{metadata,title}', to_jsonb(CAST(:evil AS text)))::json"
            ),
            {"evil": EVIL + "${{ run }}"},
        )
    return run


async def test_what_people_typed_stays_text(company: Company, make: Make, mail: MailServer, hook: HookServer) -> None:
    run = await evil_shop(company)
    notifier = make(routes=[{"events": ["*"], "channels": ["mail", "chat", "hooks"]}])
    await notifier.round()
    message = next(one for to, one in mail.taken if to == ["sam@acme.example"])
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]
    assert message.get_content_type() == "text/plain"
    assert not message.is_multipart()
    assert "<b>Shop</b>" in message.get_content()
    assert "${{ run }}" in message["Subject"], "a value is never a template"
    (chat,) = [json.loads(body) for path, _, body in hook.taken if path == "/chat"]
    shown = chat["title"] + chat["message"]
    for alive in ("<b>", "](http", "<!channel>", "@everyone", "`x`", "<https", "evil.example", "\x1b", "\r"):
        assert alive not in shown, alive
    assert shown.replace("\u200b", "").count("@everyone") == 3
    (told,) = [json.loads(body) for path, _, body in hook.taken if path.startswith("/hooks")]
    assert told["data"]["requester"].startswith("<b>Shop</b>"), "JSON is data"
    assert told["data"]["run"] == run


async def test_texts_of_the_settings_and_what_becomes_of_one_that_fails(
    company: Company, make: Make, mail: MailServer
) -> None:
    texts = {
        "approval.asked": {"title": "${{ requester }} asks ${{ audience }}", "body": "Go to ${{ link }}"},
        "run.succeeded": {"title": "${{ what | replace(what, 3) }}", "body": "x"},
    }
    run = await asked(company)
    notifier = make(texts=texts)
    await notifier.round()
    message = next(one for to, one in mail.taken if to == ["sam@acme.example"])
    assert message["Subject"] == "Ana asks group:sre"
    assert message.get_content().startswith(f"Go to {PAGE}/approvals/")
    mail.taken.clear()
    await company.decide("sam", run)
    await company.through(run)
    await notifier.round()
    assert "Succeeded: Deploy a service, service:shop" in [one["Subject"] for _, one in mail.taken]


async def test_who_may_not_see_what_it_is_about_is_told_only_that_there_is_something(
    company: Company, make: Make, hook: HookServer, mail: MailServer
) -> None:
    run = await asked(company)
    async with company.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees="everything")
        assert shop is not None
        hidden = entities.Draft(
            kind="service",
            name="shop",
            title="Shop",
            owner=shop.owner,
            properties=shop.properties,
            relations=shop.relations,
            visible_to=("group:storefront",),
        )
        await entities.upsert(tx, hidden, by="file:test.yaml")
    notifier = make(routes=[{"events": ["*"], "channels": ["mail", "hooks"]}])
    await notifier.round()
    message = next(one for to, one in mail.taken if to == ["sam@acme.example"])
    assert message["Subject"] == "Your approval is asked: a run"
    assert "shop" not in message.as_string()
    assert b"shop" not in hook.taken[0][2]
    assert run.encode() in hook.taken[0][2]


async def hide_shop(company: Company, *groups: str, remove: bool = False) -> None:
    async with company.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees="everything")
        assert shop is not None
        draft = entities.Draft(
            kind="service",
            name="shop",
            title="Shop",
            owner=shop.owner,
            properties=shop.properties,
            relations=shop.relations,
            visible_to=groups,
        )
        await entities.upsert(tx, draft, by="file:test.yaml")
        if remove:
            await entities.delete(tx, SHOP, by="file:test.yaml")


async def test_what_was_hidden_stays_hidden_when_it_has_left_the_catalog(
    company: Company, make: Make, mail: MailServer
) -> None:
    await asked(company)  # everybody might see it then
    await hide_shop(company, "group:storefront", remove=True)
    await make().round()
    message = next(one for to, one in mail.taken if to == ["sam@acme.example"])
    assert message["Subject"] == "Your approval is asked: a run"
    assert "shop" not in message.as_string()


async def test_a_chat_that_anybody_may_read_names_nothing_hidden(
    company: Company, make: Make, hook: HookServer
) -> None:
    """The owners are told, and may see it; others read the same chat."""
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    await hide_shop(company, "group:storefront")
    await make(routes=[{"events": ["run.succeeded"], "channels": ["chat", "hooks"]}]).round()
    assert len(hook.taken) == 2
    assert not [body for _, _, body in hook.taken if b"shop" in body]
    hook.taken.clear()
    again = await company.ask("ana", "1.2.0", "staging")
    await company.through(again)
    await make(routes=[{"events": ["run.succeeded"], "to": ["group:storefront"], "channels": ["chat"]}]).round()
    ((_, _, body),) = hook.taken
    assert b"shop" in body, "this chat is theirs"


async def test_who_is_on_call_is_told_without_what_for(
    company: Company, make: Make, hook: HookServer, mail: MailServer
) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    await hide_shop(company, "group:storefront")
    async with company.store.write() as tx:
        asked_for = ["on-call:properties.on_call@service:shop", "group:sre"]
        tell(tx, Notice.APPROVAL_ASKED, audience=asked_for, run=run)
    texts = {"approval.asked": {"title": "Asked: ${{ audience }}", "body": "${{ audience }}"}}
    await make(texts=texts, routes=[{"events": ["*"], "channels": ["mail", "hooks"]}]).round()
    ((_, _, body),) = hook.taken
    assert json.loads(body)["data"]["audience"] == "whoever is on call, group:sre"
    assert b"shop" not in body
    assert not [to for to, message in mail.taken if "shop" in message.as_string()]


async def test_one_that_cannot_be_sent_or_made_holds_up_no_other(
    company: Company, make: Make, hook: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    notifier = make(routes=[{"events": ["*"], "channels": ["hooks", "chat"]}])

    class Raises:
        async def send(self, message: object) -> str | None:
            raise RuntimeError("of a plugin")

    async with company.store.write() as tx:
        tell(tx, Notice.GLASS_ASKED, audience=["person:sam"], facts={"state": "poison"})
        tell(tx, Notice.GLASS_BROKEN, audience=["person:sam"])

    async def poisoned(session: Any, row: NotificationRow, *rest: Any) -> Any:
        if row.facts.get("state") == "poison":
            raise KeyError("a")
        return await composed(session, row, *rest)

    composed = notifier_module.compose
    monkeypatch.setattr(notifier_module, "compose", poisoned)
    notifier.channels = {**notifier.channels, "hooks": Raises()}
    await notifier.round()
    assert [path for path, _, _ in hook.taken] == ["/chat"]
    assert await outcomes(company) == {"glass.asked": "failed", "glass.broken": "told"}
    async with company.store.read() as session:
        rows = await session.execute(select(MessageRow.channel, MessageRow.tries, MessageRow.last_error))
        assert ("hooks", 1, "it failed (RuntimeError)") in [tuple(row) for row in rows]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "a@b@c",
        "ana@acme.example, eve@x.example",
        "ana@acme.example\nBcc: eve@x",
        "-oX@x",
        "a b@c",
        "a@-x",
        7,
    ],
)
def test_an_address_of_the_catalog_is_one_address_or_none(address: object) -> None:
    assert address_of({"email": address}, "email") is None
    assert address_of({"email": "ana+ops@acme.example"}, "email") == "ana+ops@acme.example"


async def test_messages_of_a_month_ago_are_forgotten_and_removed_channels_give_up(
    company: Company, make: Make, hook: HookServer
) -> None:
    clock = await stopped_clock(company)
    run = await asked(company)
    hook.answers = [500]
    first = make(routes=[{"events": ["approval.asked"], "channels": ["hooks"]}])
    await first.round()
    second = make(routes=[])
    second.channels = {name: one for name, one in second.channels.items() if name != "hooks"}
    await second.round()
    async with company.store.read() as session:
        (row,) = await session.scalars(select(MessageRow))
    assert (row.state, row.last_error) == ("failed", "the channel is not configured any more")
    assert await outcomes(company, run) == {"approval.asked": "failed"}
    clock.moment += timedelta(days=31)
    await second.round()
    assert await outcomes(company) == {}


@pytest.mark.parametrize("answer", [200, 500])
async def test_a_chat_that_answers_too_late_is_sent_nothing_twice_while_it_may_have_taken_it(
    make: Make, hook: HookServer, answer: int
) -> None:
    """The first try goes on when it is given up: what came of it is the answer to the next one."""
    hook.held, hook.answers = threading.Event(), [answer, 200]
    channels = make(patience=0.3).channels
    outgoing = Outgoing(id="m_1", kind="run.ended", title="t", body="b", data={}, at=datetime.now(UTC))
    for _ in range(2):
        assert await channels["chat"].send(outgoing) == "it did not answer within 0 s"
    assert len(hook.taken) == 1
    hook.held.set()
    with anyio.fail_after(30):
        while (said := await channels["chat"].send(outgoing)) is not None:
            assert "did not" in said
    assert len(hook.taken) == (1 if answer == 200 else 2)
