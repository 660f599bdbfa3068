"""Every service, wired once per process; nothing here asks anything of anybody yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from daytwo_actions.backends.base import Backend
from daytwo_actions.backends.identity.issuers import CiIdentity, identity_of
from daytwo_actions.backends.identity.provider import Client, Provider
from daytwo_api.metrics import Metrics
from daytwo_api.services.access import Access
from daytwo_api.services.actions import Actions
from daytwo_api.services.approvals import Approvals
from daytwo_api.services.audit import Audit
from daytwo_api.services.catalog import Catalog
from daytwo_api.services.checks import Checks
from daytwo_api.services.ci import CiDoor
from daytwo_api.services.control import Control
from daytwo_api.services.credentials import Credentials
from daytwo_api.services.events import Events
from daytwo_api.services.freezes import Freezes
from daytwo_api.services.health import Health, Loading
from daytwo_api.services.identity import Identity, IdentitySettings, Vouching
from daytwo_api.services.inbox import Inbox
from daytwo_api.services.lasting import LastingService
from daytwo_api.services.live import Live
from daytwo_api.services.locks import Locks
from daytwo_api.services.lookers import Lookers
from daytwo_api.services.notifications import Notifications
from daytwo_api.services.on_call import OnCallNow
from daytwo_api.services.overview import Connections, Overview
from daytwo_api.services.people import People
from daytwo_api.services.pipelines import Pipelines
from daytwo_api.services.policy_watch import AccessWatch, PeopleWatch, PolicyWatch
from daytwo_api.services.refused_deliveries import RefusedDeliveries
from daytwo_api.services.replays import Replays
from daytwo_api.services.reviews import Reviews
from daytwo_api.services.runs import Runs
from daytwo_api.services.schedules import Schedules
from daytwo_api.services.sessions import Sessions
from daytwo_api.services.sign_in import CALLBACK, SignIn
from daytwo_api.services.stage_forms import StageForms
from daytwo_api.services.statistics import Statistics
from daytwo_api.services.stop_flag import StopFlag
from daytwo_api.services.submission import SubmissionService
from daytwo_api.services.tasks import Tasks
from daytwo_api.services.triggers import Triggers
from daytwo_api.services.verification import Verification
from daytwo_api.services.vouching import GroupsClaim, Rechecks, Sealing
from daytwo_api.settings import ApiSettings
from daytwo_api.static import built_page
from daytwo_store.engine import Store
from daytwo_store.listen import Listener
from daytwo_workflows.client import Driver
from daytwo_workflows.connections.considerate import considerate
from daytwo_workflows.event_sources import open_sources
from daytwo_workflows.poker import Poker
from daytwo_workflows.secret_sources.source import SecretSource
from daytwo_workflows.wiring import build_backend, build_life


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What the routes call, and what the process runs beside them (`listener`, `poker`)."""

    settings: ApiSettings
    store: Store
    metrics: Metrics
    page: Path
    loading: Loading
    watch: AccessWatch
    listener: Listener
    poker: Poker
    backends: Mapping[str, Backend]

    identity: Identity
    sign_in: SignIn
    rechecks: Rechecks
    sessions: Sessions
    people: People
    access: Access
    actions: Actions
    submission: SubmissionService
    runs: Runs
    statistics: Statistics
    approvals: Approvals
    stage_forms: StageForms
    tasks: Tasks
    reviews: Reviews
    control: Control
    freezes: Freezes
    schedules: Schedules
    triggers: Triggers
    lasting: LastingService
    stop_flag: StopFlag
    catalog: Catalog
    on_call: OnCallNow
    live: Live
    inbox: Inbox
    events: Events
    credentials: Credentials
    ci: CiDoor
    overview: Overview
    audit: Audit
    verification: Verification
    notifications: Notifications
    locks: Locks
    pipelines: Pipelines
    checks: Checks
    replays: Replays
    health: Health


def build_services(
    settings: ApiSettings, store: Store, driver: Driver, *, backends: Mapping[str, Backend] | None = None
) -> Services:
    """Raises `SettingsRejected` when a secret cannot be read. `backends` replaces those of the settings (tests)."""
    metrics, loading = Metrics(), Loading()
    allowances = {name: entry.requests_per_hour for name, entry in settings.connections.items()}
    connections = Connections(settings.backends(), allowances=allowances)
    source = settings.source(store)
    plain = backends if backends is not None else _backends(settings, store, source, connections, metrics)
    wired = considerate(plain, store)
    life = build_life(settings, store, wired, source)
    poker, listener = Poker(store, driver), Listener(settings.store)
    runs = Runs(store, {name: backend.traits for name, backend in wired.items()})
    store.on_poke = poker.offer
    control = Control(life, runs)
    actions, approvals = Actions(life), Approvals(life)
    submission = SubmissionService(life, control)
    flag = StopFlag(store)
    stops = Freezes(life, control, flag)
    watch = AccessWatch(
        policy=PolicyWatch(store=store, folders=settings.company, admins=settings.admins),
        people=PeopleWatch(store=store, folders=settings.company, admins=settings.admins),
    )
    sealing = Sealing(settings.key("refresh-tokens"))
    identity = Identity(store, _identity(settings), sealing)
    sign_in = _sign_in(settings, store, identity)
    grace = settings.oidc.grace if settings.oidc else timedelta(0)
    rechecks = Rechecks(store, sign_in.provider, _groups(settings), sealing, grace=grace)
    return Services(
        settings=settings,
        store=store,
        metrics=metrics,
        page=built_page(),
        loading=loading,
        watch=watch,
        listener=listener,
        poker=poker,
        backends=wired,
        identity=identity,
        sign_in=sign_in,
        rechecks=rechecks,
        sessions=Sessions(store, identity),
        people=People(store, identity),
        access=Access(identity, actions, runs, approvals, Locks(store), stops),
        actions=actions,
        submission=submission,
        schedules=Schedules(life, submission),
        triggers=Triggers(life),
        lasting=LastingService(store, control, runs),
        runs=runs,
        statistics=Statistics(store),
        approvals=approvals,
        stage_forms=StageForms(life),
        tasks=Tasks(life),
        reviews=Reviews(store),
        control=control,
        freezes=stops,
        stop_flag=flag,
        catalog=Catalog(store),
        on_call=OnCallNow(life, actions),
        live=Live(listener, runs, looking=Lookers(store).look),
        events=Events(store, open_sources(settings.events)),
        inbox=Inbox(store, wired, RefusedDeliveries(store)),
        credentials=Credentials(store, life.keys, settings.connections),
        ci=CiDoor(life, _identities(settings, store, connections)),
        overview=Overview(store, connections, wired),
        audit=Audit(store, settings.signer(), settings.trusted()),
        verification=Verification(store, settings.trusted(), settings.audit_checkpoints),
        notifications=Notifications(store, settings.notifications, settings.page),
        locks=Locks(store),
        pipelines=Pipelines(wired),
        checks=Checks(store, wired, settings.services),
        replays=Replays(life, services=settings.services, sources=settings.events, admins=settings.admins),
        health=Health(
            store,
            temporal=driver.alive,
            metrics=metrics,
            loading=loading,
            watch=watch,
            provider=sign_in.provider,
        ),
    )


def _identities(settings: ApiSettings, store: Store, connections: Connections) -> Mapping[str, CiIdentity]:
    """By the database's time, as everything that decides (R34); so are deliveries and the identity provider's word."""
    known = {
        name: identity_of(one, audience=settings.audience, clock=store.clock.seconds)
        for name, one in connections.settings.items()
    }
    return {name: identity for name, identity in known.items() if identity is not None}


def _backends(
    settings: ApiSettings, store: Store, source: SecretSource, connections: Connections, metrics: Metrics
) -> Mapping[str, Backend]:
    return {
        name: build_backend(
            settings, one, source, connections.observer(name, metrics.observer(name)), now=store.clock.seconds
        )
        for name, one in connections.settings.items()
    }


def _identity(settings: ApiSettings) -> IdentitySettings:
    by = settings.oidc
    return IdentitySettings(
        sign_in_people=settings.sign_in == "people",
        provider=Vouching(issuer=by.issuer, title=by.title, found_by=by.found_by, grace=by.grace) if by else None,
        secure_cookie=settings.https,
        session=timedelta(hours=settings.session_hours),
        idle=timedelta(minutes=settings.session_idle_minutes),
        token_days=settings.token_days,
        refusals=settings.refusals_per_minute,
        requests=settings.requests_per_minute,
    )


def _sign_in(settings: ApiSettings, store: Store, identity: Identity) -> SignIn:
    by = settings.oidc
    return SignIn(
        store,
        identity,
        provider=_provider(settings, store),
        key=settings.key("sign-in"),
        found_by=by.found_by if by else None,
        claim=by.person_claim if by else None,
        groups=_groups(settings),
        secure_cookie=settings.https,
        refusals=settings.refusals_per_minute,
        clock=store.clock.seconds,
    )


def _groups(settings: ApiSettings) -> GroupsClaim | None:
    by = settings.oidc
    if by is None or by.groups_claim is None:
        return None
    return GroupsClaim(name=by.groups_claim, meaning=by.groups)


def _provider(settings: ApiSettings, store: Store) -> Provider | None:
    if (by := settings.oidc) is None:
        return None
    return Provider(
        Client(
            issuer=by.issuer,
            client_id=by.client_id,
            client_secret=by.secret(),
            redirect_uri=settings.page + CALLBACK,
            scopes=by.scopes,
        ),
        clock=store.clock.seconds,
    )
