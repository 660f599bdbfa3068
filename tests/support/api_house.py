"""The application as tests see it: signed-in clients, a CI system in memory, no Temporal."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from company import Company
from fastapi import FastAPI

from daytwo_api.services.wiring import Services
from daytwo_store.engine import Store
from daytwo_store.ids import RunId
from daytwo_workflows.client import Driver

ORIGIN = "http://127.0.0.1:8080"


class NoTemporal(Driver):
    """Answers as a Temporal that is there, and does nothing."""

    def __init__(self) -> None:
        self.answers = True
        self.driven: list[RunId] = []

    async def drive(self, run: RunId) -> bool:
        self.driven.append(run)
        return self.answers

    async def alive(self) -> bool:
        return self.answers


@dataclass
class House:
    """The application, and clients of it by the name of a person."""

    app: FastAPI
    services: Services
    company: Company
    temporal: NoTemporal
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)  # ids that tests of one file share

    async def close(self) -> None:
        for client in self.clients:
            await client.aclose()

    @property
    def store(self) -> Store:
        return self.services.store

    def anonymous(self, **headers: str) -> httpx.AsyncClient:
        """Somebody who has not signed in. Sends `Origin` as our own page does."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app), base_url=ORIGIN, headers={"Origin": ORIGIN, **headers}
        )
        self.clients.append(client)
        return client

    async def signed_in(self, name: str) -> httpx.AsyncClient:
        client = self.anonymous()
        answer = await client.post("/api/v1/session", json={"name": name})
        assert answer.status_code == 200, answer.text
        return client

    async def token(self, name: str, *scopes: str) -> httpx.AsyncClient:
        """A program with a token of that person."""
        owner = await self.signed_in(name)
        answer = await owner.post("/api/v1/tokens", json={"name": "ci", "scopes": list(scopes)})
        assert answer.status_code == 201, answer.text
        return self.anonymous(Authorization=f"Bearer {answer.json()['secret']}")


def problem(answer: httpx.Response, status: int, kind: str | None = None) -> dict[str, Any]:
    """The answer is a problem of this status and type, and says what to do."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    assert said["status"] == status
    assert said["detail"]
    assert said["request_id"] == answer.headers["x-request-id"]
    if kind is not None:
        assert said["type"] == kind
    return said
