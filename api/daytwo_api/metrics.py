"""Numbers for Prometheus: requests, what the CI systems answered, and how much is waiting. No value from a run."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from daytwo_store.connections import LATE_FOR
from daytwo_store.counts import Counts
from daytwo_store.tables import ConnectionRow

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 10)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Observe = Callable[[str, int | None, float, int | None], None]


class Metrics:
    """One registry per application, so that two of them in one process count apart."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = self._counter("daytwo_requests", "Requests answered", "method", "route", "status")
        self._seconds = Histogram(
            "daytwo_request_seconds",
            "Time until a request was answered in full",
            ["method", "route"],
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._calls = self._counter("daytwo_ci_calls", "Requests to CI systems", "connection", "operation", "status")
        self._call_seconds = Histogram(
            "daytwo_ci_call_seconds",
            "Time until a CI system had answered",
            ["connection", "operation"],
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._budget = self._gauge("daytwo_ci_budget_left", "Requests left in the CI system's limit", "connection")
        self._limit = self._gauge("daytwo_ci_budget_limit", "Requests that a period allows", "connection")
        self._reset = self._gauge("daytwo_ci_budget_reset_seconds", "Until the next period begins", "connection")
        self._wait = self._gauge("daytwo_ci_held_seconds", "Seconds that nothing may be asked", "connection")
        self._hourly = self._gauge("daytwo_ci_requests_last_hour", "Requests of the poller's process", "connection")
        self._pace = self._gauge("daytwo_ci_poll_seconds", "Between two looks at one repository", "connection")
        self._late = self._gauge(
            "daytwo_ci_listing_lag_seconds",
            "From a run's creation until it was first listed, the most of a day; 0: none was listed late",
            "connection",
        )
        self._runs = self._gauge("daytwo_open_runs", "Runs that have not ended", "state")
        self._approvals = self._gauge("daytwo_pending_approvals", "Approvals that wait for a decision")
        self._outbox = self._gauge("daytwo_outbox_length", "Pokes that Temporal has not been told")
        self._held = self._gauge("daytwo_held_attempts", "Attempts that wait for a person")
        self._unheard = self._gauge("daytwo_undelivered_notifications", "Nobody could be told; of open runs or a day")
        self._messages = self._gauge("daytwo_waiting_messages", "Messages to people that are still to be sent")
        self._policy = self._gauge("daytwo_policy_refused", "1 while the policy in the files is not the one that holds")
        self._people = self._gauge("daytwo_people_refused", "1 while people in the files are not those that hold")
        self._entries = self._gauge("daytwo_audit_entries", "Number of the last entry of the audit")
        self._sealed = self._gauge("daytwo_audit_sealed", "Last entry that a signed checkpoint covers")
        self._failing = self._gauge("daytwo_audit_checkpoint_failing", "1 while no checkpoint can be written outside")

    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)

    def observer(self, connection: str) -> Observe:
        """What a backend calls after each of its requests."""

        def observe(operation: str, status: int | None, seconds: float, remaining: int | None) -> None:
            self._calls.labels(connection, operation, "none" if status is None else str(status)).inc()
            self._call_seconds.labels(connection, operation).observe(seconds)
            if remaining is not None:
                self._budget.labels(connection).set(remaining)

        return observe

    def waiting(self, counts: Counts) -> None:
        """What the database says is waiting, right now."""
        self._runs.clear()
        for state, number in counts.open_runs.items():
            self._runs.labels(state).set(number)
        self._approvals.set(counts.pending_approvals)
        self._outbox.set(counts.outbox)
        self._held.set(counts.held_attempts)
        self._unheard.set(counts.messages.unheard)
        self._messages.set(counts.messages.waiting)
        self._entries.set(counts.audit.entries)
        self._sealed.set(counts.audit.sealed)
        self._failing.set(counts.audit.failing_since is not None)

    def connections(self, rows: Sequence[ConnectionRow], now: datetime) -> None:
        """What is known of each connection's limits, and how it is polled."""
        for row in rows:
            for gauge, value in (
                (self._budget, row.remaining),
                (self._limit, row.limit),
                (self._reset, _seconds(row.resets_at, now)),
                (self._wait, _seconds(row.held_until, now) or 0.0),
                (self._hourly, row.requests),
                (self._pace, row.pace),
                (self._late, _lateness(row, now)),
            ):
                if value is not None:
                    gauge.labels(row.name).set(value)

    def forget_waiting(self) -> None:
        """The database does not answer: a number from before would look like the truth."""
        self._runs.clear()
        audit = (self._entries, self._sealed, self._failing)
        for gauge in (self._approvals, self._outbox, self._held, self._unheard, self._messages, *audit):
            gauge.set(float("nan"))

    def files(self, *, policy: bool, people: bool) -> None:
        """Is what the files say refused?"""
        self._policy.set(int(policy))
        self._people.set(int(people))

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(name, help_text, labels, registry=self._registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, labels, registry=self._registry)


def _lateness(row: ConnectionRow, now: datetime) -> float:
    recent = row.listing_lag_at is not None and now - row.listing_lag_at < LATE_FOR
    return row.listing_lag or 0.0 if recent else 0.0


def _seconds(until: datetime | None, now: datetime) -> float | None:
    return max(0.0, (until - now).total_seconds()) if until is not None else None
