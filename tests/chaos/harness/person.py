"""Somebody who uses the API through whatever happens to it, and keeps a journal of what was promised to them."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from zlib import crc32

import httpx
from tests.chaos.harness.canaries import TYPED, hits

_AGAIN: Final = (500, 502, 503, 504)


@dataclass
class Journal:
    """What the API has answered with 2xx: this may not be lost any more."""

    runs: dict[str, set[str]] = field(default_factory=dict)  # Idempotency-Key → ids that were answered
    decisions: list[tuple[str, str, str]] = field(default_factory=list)  # approval, principal, verdict
    repeated: int = 0  # requests that had to be sent again
    seconds: list[float] = field(default_factory=list)  # that each request was waited for that was answered
    secrets: Mapping[bytes, str] = field(default_factory=dict)  # forms that may stand in no answer
    leaked: set[tuple[str, str]] = field(default_factory=set)  # where one stood: what was asked, which secret

    def heard(self, asked: str, answer: httpx.Response, seconds: float) -> None:
        """Somebody was answered."""
        self.seconds.append(seconds)
        for name in hits(answer.content + str(answer.headers).encode(), self.secrets):
            self.leaked.add((asked, name))

    def secret(self, key: str) -> str:
        """What somebody types into a field that is secret; the same when the same is asked again."""
        return TYPED[crc32(key.encode()) % len(TYPED)]


class NoAnswer(AssertionError):
    """The API did not come back in time."""


class Person:
    """`name` of the example people, with a token. Requests that create carry a key and are repeated until answered."""

    def __init__(self, page: str, name: str, journal: Journal, *, patience: float = 60) -> None:
        self.name = name
        self.journal = journal
        self.id = ""
        self._patience = patience
        self._http = httpx.Client(base_url=f"{page}/api/v1", timeout=10, trust_env=False)

    @classmethod
    def sign_in(cls, page: str, name: str, journal: Journal) -> Self:
        """By a session, which makes a token; from then on only that is used."""
        person = cls(page, name, journal)
        origin = {"Origin": page}
        me = person._http.post("/session", json={"name": name}, headers=origin).raise_for_status().json()
        scopes = me["scopes"] if "admin" in me["roles"] else [one for one in me["scopes"] if one != "admin"]
        asked = {"name": f"chaos of {name}", "scopes": scopes}
        made = person._http.post("/tokens", json=asked, headers=origin).raise_for_status().json()
        person._http.cookies.clear()
        person._http.headers["Authorization"] = f"Bearer {made['secret']}"
        person.id = me["id"]
        return person

    def from_afar(self, page: str) -> Self:
        """The same person, who reaches the page by another way."""
        person = type(self)(page, self.name, self.journal, patience=self._patience)
        person._http.headers["Authorization"] = self.authorization
        person.id = self.id
        return person

    @property
    def authorization(self) -> str:
        """The header that proves who this is."""
        return self._http.headers["Authorization"]

    @property
    def secret(self) -> str:
        """Their token."""
        return self.authorization.removeprefix("Bearer ")

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, as it is. Raises httpx.HTTPError."""
        began = time.monotonic()
        answer = self._http.request(method, path, **more)
        self.journal.heard(f"{method} {path}", answer, time.monotonic() - began)
        return answer

    def insist(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Repeat the same request until something else than silence or "try again" is answered."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                answer = self.ask(method, path, **more)
            except httpx.HTTPError as error:
                said: object = type(error).__name__
            else:
                if answer.status_code not in _AGAIN:
                    return answer
                said = answer.text
            if time.monotonic() > deadline:
                raise NoAnswer(f"{method} {path} was repeated for {self._patience:.0f} s; the last answer was {said}")
            self.journal.repeated += 1
            time.sleep(0.1)

    def submit(
        self,
        service: str,
        environment: str = "staging",
        *,
        note: str = "",
        version: str = "1.1.0",
        key: str = "",
        action: str = "deploy",
    ) -> str:
        """Ask for a deploy until it is accepted; the id of the run."""
        key = key or f"chaos-{uuid.uuid4()}"
        body: dict[str, Any] = {
            "entity": f"service:{service}",
            "inputs": {"version": version, "environment": f"environment:{environment}", "note": note or key},
        }
        if action == "deploy" and self.journal.secrets:
            body["inputs"]["password"] = self.journal.secret(key)
        answer = self.insist("POST", f"/actions/{action}/runs", json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == 202, answer.text
        run = str(answer.json()["id"])
        self.journal.runs.setdefault(key, set()).add(run)
        return run

    def run(self, run: str) -> dict[str, Any]:
        return self._read(f"/runs/{run}")

    def approval(self, run: str) -> dict[str, Any]:
        """The newest approval of a run, with its digest."""
        return self._read(f"/approvals/{self.run(run)['approvals'][-1]['id']}")

    def decide(self, run: str, verdict: str = "approve", comment: str = "seen") -> httpx.Response:
        """Decide on the newest approval, until the API answers."""
        return self.decide_on(self.approval(run), verdict, comment)

    def decide_on(self, approval: dict[str, Any], verdict: str = "approve", comment: str = "seen") -> httpx.Response:
        """Decide on an approval that was read before, until the API answers."""
        body = {"verdict": verdict, "digest": approval["digest"], "comment": comment}
        answer = self.insist("POST", f"/approvals/{approval['id']}/decision", json=body)
        if answer.is_success:
            self.journal.decisions.append((approval["id"], self.id, verdict))
        return answer

    def cancel(self, run: str, *, force: bool = False) -> httpx.Response:
        return self.insist("POST", f"/runs/{run}/cancel", json={"reason": "chaos", "force": force})

    def _read(self, path: str) -> dict[str, Any]:
        answer = self.insist("GET", path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found
