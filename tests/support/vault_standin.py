"""A Vault as small as it can be: the key/value engine, tokens with a list of paths, and faults."""

import asyncio
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route


@dataclass
class VaultStandin:
    """`secrets` by "mount/path"; `tokens` with the paths that each may read."""

    secrets: dict[str, dict[str, object]] = field(default_factory=dict)
    tokens: dict[str, set[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    status: int | None = None  # instead of an answer
    hangs: bool = False
    leads_to: str | None = None
    says: object = None  # instead of a secret

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v1/{rest:path}", self._read)])

    async def _read(self, request: Request) -> Response:
        mount, _, path = request.path_params["rest"].partition("/")
        version = 2 if path.startswith("data/") else 1
        name = f"{mount}/{path.removeprefix('data/')}"
        self.asked.append(name)
        while self.hangs:
            await asyncio.sleep(0.05)
        if self.leads_to:
            return RedirectResponse(self.leads_to, 307)
        if self.status is not None:
            return JSONResponse({"errors": [f"about {self.secrets}"]}, self.status)
        if name not in self.tokens.get(request.headers.get("x-vault-token", ""), set()):
            return JSONResponse({"errors": ["permission denied"]}, 403)
        if self.says is not None:
            return JSONResponse(self.says)
        if name not in self.secrets:
            return JSONResponse({"errors": []}, 404)
        data = self.secrets[name]
        return JSONResponse({"data": {"data": data, "metadata": {"version": 1}} if version == 2 else data})
