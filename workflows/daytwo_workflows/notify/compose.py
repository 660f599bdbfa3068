"""From a notification to messages: which channels, which people, which words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue

from daytwo_store import definitions, entities, principals
from daytwo_store.action_visibility import kept_to
from daytwo_store.engine import Session
from daytwo_store.messages import Draft, Outcome
from daytwo_store.notifications import Notice
from daytwo_store.on_call import called, place_of
from daytwo_store.run_visibility import kept_from
from daytwo_store.tables import ApprovalRow, NotificationRow, RunRow, StepRow
from daytwo_workflows.notify import audience
from daytwo_workflows.notify.entry import ChatEntry, MailEntry, NotificationsEntry, fits
from daytwo_workflows.notify.texts import Texts, what

# Of these somebody has to act: that nobody could be told is an alarm. Of the others it is the operators' choice.
_URGENT: Final = frozenset(
    {
        Notice.APPROVAL_ASKED,
        Notice.APPROVAL_REMINDER,
        Notice.APPROVAL_ESCALATED,
        Notice.APPROVAL_DELEGATED,
        Notice.EXCEPTION_ASKED,
        Notice.GLASS_ASKED,
        Notice.GLASS_BROKEN,
        Notice.REVIEW_REMINDER,
        Notice.RUN_NEEDS_ATTENTION,
        Notice.TASK_ASKED,
        Notice.TASK_ESCALATED,
        Notice.TASK_HANDED_OVER,
        Notice.TASK_REMINDER,
    }
)
# What nobody looks at the page for by themselves, and has to be known all the same: an alarm even without any channel.
_LOUD: Final = frozenset({Notice.GLASS_ASKED, Notice.GLASS_BROKEN, Notice.REVIEW_REMINDER, Notice.RUN_NEEDS_ATTENTION})
_BY_ITSELF: Final = ("schedule", "trigger")  # what asks for runs, by its id among the facts
MOST: Final = 200  # messages of one notification


@dataclass(frozen=True, kw_only=True, slots=True)
class Composed:
    """Messages; when there are none, what is to be said about that."""

    drafts: Sequence[Draft]
    outcome: Outcome
    why: str
    left_out: int = 0  # messages beyond the bound: said in the audit, so that nobody takes them for sent


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scene:
    """What is known of what happened."""

    row: NotificationRow
    run: RunRow | None
    approval: ApprovalRow | None
    title: str
    requester: str
    by: str
    told: frozenset[str]
    message: str  # of the step that tells it
    visible_to: Sequence[frozenset[str]]  # a reader has to be in each of these to see what it is about

    def shown_to(self, readers: Collection[str]) -> bool:
        return not any(one.isdisjoint(readers) for one in self.visible_to)


def urgent(kind: str) -> bool:
    return kind in _URGENT


async def compose(
    session: Session, row: NotificationRow, entry: NotificationsEntry, texts: Texts, page: str
) -> Composed:
    """Everything that is to be sent about one notification."""
    if not entry.channels:
        outcome = Outcome.NOBODY if row.kind in _LOUD else Outcome.OFF
        return Composed(drafts=(), outcome=outcome, why="no channel is configured")
    scene = await _scene(session, row)
    drafts: dict[tuple[str, str], Draft] = {}
    routed = False
    for route in entry.routes:
        to = await _reached(session, scene.told, route.to)
        if not to or not any(fits(pattern, row.kind) for pattern in route.events):
            continue
        routed = True
        for name in route.channels:
            for draft in await _messages(session, scene, name, to, route.to, entry, texts, page):
                drafts[draft.channel, draft.recipient] = draft
    asked = ", ".join(called(one) for one in row.audience)
    if routed:
        why = f"none of {asked} has an address in the catalog that a channel could use"
    else:
        why = f"no route leads to {asked}"
    outcome = Outcome.NOBODY if routed or urgent(row.kind) else Outcome.NOT_WANTED
    chats_first = sorted(drafts.values(), key=lambda draft: bool(draft.recipient))
    kept = chats_first[:MOST]
    return Composed(drafts=kept, outcome=outcome, why=why, left_out=len(drafts) - len(kept))


async def _reached(session: Session, told: Collection[str], to: Collection[str]) -> frozenset[str]:
    """Those of the audience that a route is for: named by it, or members of what it names."""
    if not to:
        return frozenset(told)
    reached = {one for one in told if one in to}
    for person in await audience.people(session, told):
        if person not in reached and not (await audience.belongs(session, person)).isdisjoint(to):
            reached.add(person)
    return frozenset(reached)


async def _messages(
    session: Session,
    scene: _Scene,
    name: str,
    to: Collection[str],
    meant: Collection[str],
    entry: NotificationsEntry,
    texts: Texts,
    page: str,
) -> list[Draft]:
    channel = entry.channels[name]
    if isinstance(channel, MailEntry):
        people = await audience.people(session, to)
        known = await entities.get_many(session, people, sees=entities.EVERYTHING)
        there = [str(ref) for ref, one in sorted(known.items()) if address_of(one.properties, channel.address)]
        return [
            _draft(scene, name, person, texts, page, inert=False, sees=await _shown(session, scene, [person]))
            for person in there
        ]
    inert, sees = isinstance(channel, ChatEntry), await _shown(session, scene, meant)
    return [_draft(scene, name, "", texts, page, inert=inert, sees=sees)]


async def _shown(session: Session, scene: _Scene, readers: Collection[str]) -> bool:
    """Whether each of these may see what it is about. A chat is read by more than who is told: by whom its route says,
    and where it says nobody, by anybody."""
    if not scene.visible_to:
        return True
    belongs = [await audience.belongs(session, one) if one.startswith("person:") else {one} for one in readers]
    return bool(belongs) and all(scene.shown_to(one) for one in belongs)


def _draft(scene: _Scene, channel: str, recipient: str, texts: Texts, page: str, *, inert: bool, sees: bool) -> Draft:
    values = _values(scene, page, sees=sees)
    words = texts.write(scene.row.kind, values, inert=inert)
    data: dict[str, JsonValue] = {name: value for name, value in values.items() if name not in ("what", "about")}
    data["at"] = scene.row.at.astimezone(UTC).isoformat()
    data["text"] = words.title
    return Draft(channel=channel, recipient=recipient, title=words.title, body=words.body, data=data)


def address_of(properties: Mapping[str, object], name: str) -> str | None:
    """A person's mail address, if it is one and nothing more: it comes from the catalog, which many may write."""
    value = properties.get(name)
    if not isinstance(value, str) or len(value) > 254 or not _is_address(value):
        return None
    return value


def _is_address(value: str) -> bool:
    local, at, domain = value.partition("@")
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return bool(
        at
        and local
        and domain
        and set(local) <= set(letters + "._+-")
        and set(domain) <= set(letters + ".-")
        and not domain.startswith((".", "-"))
        and not local.startswith("-")
    )


def _values(scene: _Scene, page: str, *, sees: bool) -> dict[str, str]:
    """What texts may say to these readers. Whoever may not see the entity or the action is told that there is a run,
    and its page."""
    run, approval = scene.run, scene.approval
    entity = run.entity or "" if run is not None and sees else ""
    action = scene.title if sees else ""
    facts = {name: str(value) for name, value in scene.row.facts.items()}
    of_itself = next((f"the {kind} {facts[kind]}" for kind in _BY_ITSELF if kind in facts), "")
    about = ", ".join(part for part in (action, entity) if part) or ("a run" if run is not None else of_itself)
    return {
        "event": scene.row.kind,
        "what": what(scene.row.kind),
        "about": about,
        "action": action,
        "entity": entity,
        "requester": scene.requester if run is not None else "",
        "by": scene.by,
        "audience": ", ".join(_asked(one) for one in scene.row.audience if not one.startswith("p_")),
        "state": facts.get("state", ""),
        "until": _time(approval.expires_at) if approval is not None and approval.state == "pending" else "",
        "message": scene.message if sees else "",
        "run": run.id if run is not None else "",
        "approval": approval.id if approval is not None else "",
        "link": _link(page, run, approval, facts),
    }


def _asked(entry: str) -> str:
    """One of those who are told; whoever is on call without what for, which not every reader may see."""
    return entry if place_of(entry) is None else "whoever is on call"


def _link(page: str, run: RunRow | None, approval: ApprovalRow | None, facts: Mapping[str, str]) -> str:
    """The page of it. It has no power of its own: whoever opens it signs in, and what they may do is looked up then."""
    if "task" in facts:
        return f"{page}/tasks/{facts['task']}"
    if approval is not None:
        return f"{page}/approvals/{approval.id}"
    if run is not None:
        return f"{page}/runs/{run.id}"
    return next((f"{page}/{kind}s/{facts[kind]}" for kind in _BY_ITSELF if kind in facts), page)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


async def _scene(session: Session, row: NotificationRow) -> _Scene:
    run = await session.get(RunRow, row.run_id) if row.run_id is not None else None
    approval = await session.get(ApprovalRow, row.approval_id) if row.approval_id is not None else None
    by = str(row.facts.get("by", ""))
    people = await principals.by_ids(session, [one for one in (by, run.requester if run else "") if one])
    told = await audience.named(session, row.audience)
    return _Scene(
        row=row,
        run=run,
        approval=approval,
        title=await _title(session, run),
        requester=people[run.requester].name if run is not None and run.requester in people else "",
        by=people[by].name if by in people else "",
        told=told,
        message=await _message(session, row),
        visible_to=await _visible_to(session, run, told if approval is not None or "task" in row.facts else ()),
    )


async def _message(session: Session, row: NotificationRow) -> str:
    """What a step says stands with the step."""
    path = row.facts.get("step") if row.kind == Notice.STEP_MESSAGE else None
    step = await session.get(StepRow, (row.run_id, path)) if path is not None else None
    return str((step.given or {}).get("text", "")) if step is not None else ""


async def _title(session: Session, run: RunRow | None) -> str:
    if run is None:
        return ""
    found = (await definitions.by_digests(session, {run.version})).get(run.version)
    metadata = found.document.get("metadata") if found is not None else None
    title = metadata.get("title") if isinstance(metadata, dict) else None
    return str(title or run.action)


async def _visible_to(session: Session, run: RunRow | None, asked: Collection[str]) -> Sequence[frozenset[str]]:
    """`asked`: who is asked to approve something or to do it."""
    if run is None:
        return []
    see = await kept_to(session, run)
    action = [see | frozenset(asked)] if see is not None else []
    if run.entity is None:
        return action
    entity = await entities.get(session, run.entity, sees=entities.EVERYTHING)
    if entity is None:
        return [*action, *await kept_from(session, run)]
    return [*action, frozenset(entity.visible_to)] if entity.visible_to else action
