"""One request on its way through the stand-in, and the answer to it."""

import dataclasses
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.datastructures import QueryParams

from daytwo_standins.argo.config import NamespaceSettings, Permission, Token
from daytwo_standins.argo.problems import DENIED, ApiError, invalid, not_found
from daytwo_standins.argo.runs import Run
from daytwo_standins.argo.standin import Standin
from daytwo_standins.shared.answers import Answer, CallEffects

Json = dict[str, Any]
_NAMESPACED: Final = frozenset({"workflows", "workflowtemplates"})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Stream(Answer):
    """An answer that goes on: objects one after the other, None for a sign of life."""

    objects: AsyncIterator[Json | None]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request that was let in. ``params`` are the parts of its path."""

    standin: Standin
    token: Token
    params: Mapping[str, str]
    query: QueryParams
    headers: Mapping[str, str]
    raw: bytes
    effects: CallEffects

    @property
    def namespace(self) -> str:
        """The namespace of the path, or of the query where the path has none; empty for all."""
        return self.params.get("namespace") or self.query.get("namespace") or ""

    @property
    def settings(self) -> NamespaceSettings:
        """What is said about the namespace.

        Raises:
            ApiError: there is none.
        """
        found = self.standin.settings(self.namespace)
        if found is None:
            raise ApiError(5, f'namespaces "{self.namespace}" not found')
        return found

    @property
    def run(self) -> Run:
        """The live workflow of the path.

        Raises:
            ApiError: there is none.
        """
        found = self.standin.engine.runs.live(self.namespace, self.params["name"])
        if found is None:
            raise not_found("workflows", self.params["name"])
        return found

    def option(self, name: str, default: str = "") -> str:
        """A query parameter."""
        return self.query.get(name) or default

    def body(self) -> Json:
        """The JSON object that was sent; nothing is an empty one.

        Raises:
            ApiError: it is none.
        """
        try:
            data = json.loads(self.raw or b"{}")
        except ValueError as error:
            raise invalid(f"invalid body: {error}") from error
        if not isinstance(data, dict):
            raise invalid("json: cannot unmarshal the body into an object")
        return data


Handler = Callable[[Call], Awaitable[Answer]]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A method and a path with what answers it; ``name`` is what fault rules and the request log call it."""

    name: str
    method: str
    path: str
    handler: Handler
    permission: Permission | None = None
    verb: str = "get"  # in the words of Kubernetes, for refusals
    resource: str = "workflows"
    streams: bool = False  # it goes on, so a refusal comes in the stream, after a 200


def require(call: Call, operation: Operation) -> None:
    """Refuse what the token may not do.

    Raises:
        ApiError: 403.
    """
    allowed, namespace = call.token.namespaces, call.namespace
    may = operation.permission is None or operation.permission in call.token.permissions
    everywhere = not namespace and operation.verb in {"list", "watch"} and operation.resource in _NAMESPACED
    if may and (allowed is None or (namespace in allowed if namespace else not everywhere)):
        return
    who = f"system:serviceaccount:{call.token.namespace}:{call.token.login}"
    what = f'cannot {operation.verb} resource "{operation.resource}" in API group "argoproj.io"'
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    raise ApiError(DENIED, f'{operation.resource}.argoproj.io is forbidden: User "{who}" {what} {where}')
