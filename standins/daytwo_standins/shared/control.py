"""A client of the control interface, for tests and for the demo."""

import ssl
from types import TracebackType
from typing import Any, Self

import httpx


class ControlClient:
    """Asks and steers a running stand-in. ``url`` is the ``control`` address that it printed."""

    def __init__(self, url: str) -> None:
        # Loopback without TLS: reading the machine's certificates would only cost time, for each client anew.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._http = httpx.Client(base_url=url, timeout=30.0, trust_env=False, verify=nobody)

    def state(self) -> dict[str, Any]:
        """How it is.

        ``contract`` says whether requests and answers are held against the vendor's description of its API, ``checked``
        says the same as yes or no, and ``violations`` is how often something was not as described.
        """
        state: dict[str, Any] = self._get("/state")
        return state

    def violations(self) -> list[dict[str, Any]]:
        """What was not as described: ``operation``, ``status`` and ``violations``, in words."""
        lines: list[dict[str, Any]] = self._get("/violations")
        return lines

    def forget_violations(self) -> None:
        """They were expected; what forgets none fails at the end of its tests (see ``testing``)."""
        _checked(self._http.delete("/violations"))

    def ledger(self, *, kind: str | None = "dispatch") -> list[dict[str, Any]]:
        """What was accepted, in order: dispatches, ``rerun``, or with None both.

        A dispatch has, besides the vendor's own facts, ``inputs``, ``title``, ``body_sha256``, ``actor``,
        ``received_at`` and ``received_monotonic`` (seconds); on GitHub ``run_id``, ``repository``, ``workflow``,
        ``ref`` and ``head_sha`` too.
        """
        lines: list[dict[str, Any]] = self._get("/ledger")
        return [line for line in lines if kind is None or line["kind"] == kind]

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        """What was asked, in order: ``operation``, ``method``, ``path``, ``query``, ``status``, ``monotonic``…"""
        lines: list[dict[str, Any]] = self._get("/requests")
        return [line for line in lines if operation is None or line["operation"] == operation]

    def deliveries(self) -> list[dict[str, Any]]:
        """Every attempt to deliver a webhook: ``guid``, ``event``, ``action``, ``outcome``, ``ok``, ``body``."""
        lines: list[dict[str, Any]] = self._get("/deliveries")
        return lines

    def add_fault(self, *rules: dict[str, Any]) -> list[int]:
        """Put rules in force (see ``faults.Rule``); their ids."""
        answer = self._http.post("/faults", json=list(rules))
        ids: list[int] = _checked(answer).json()["ids"]
        return ids

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force."""
        rules: list[dict[str, Any]] = self._get("/faults")
        return rules

    def clear_faults(self, number: int | None = None) -> None:
        """Lift one rule, or all."""
        _checked(self._http.delete("/faults" if number is None else f"/faults/{number}"))

    def redeliver(self, delivery: str | None = None) -> None:
        """Send a webhook again, or all that failed; the GUID stays the same."""
        _checked(self._http.post("/redeliver", json={"delivery": delivery} if delivery else {}))

    def script(self, run: int | str, events: list[dict[str, Any]]) -> None:
        """Let a script begin for a run of the executor ``scripted`` (see the stand-in's ``scripts.ScriptEvent``)."""
        _checked(self._http.post(f"/runs/{run}/script", json=events))

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give the connections back."""
        self.close()

    def _get(self, path: str) -> Any:
        return _checked(self._http.get(path)).json()


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise ValueError(f"The stand-in refused {answer.request.url.path} with {answer.status_code}: {answer.text}")
    return answer
