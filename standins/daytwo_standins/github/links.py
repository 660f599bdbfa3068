"""Addresses below the stand-in, as GitHub's answers carry them, and names that look like GitHub's node ids."""

import base64
import dataclasses
import datetime


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """``base`` is the address that the client used, so that links work for it too; web pages are below it."""

    base: str
    api: str = ""  # path of the API below the base: "/api/v3" on an Enterprise Server

    def repository(self, full_name: str, *rest: object) -> str:
        """An address in the API of a repository."""
        return "/".join([self.base + self.api, "repos", full_name, *map(str, rest)])

    def run(self, full_name: str, run_id: int, *rest: object) -> str:
        """An address of a run."""
        return self.repository(full_name, "actions", "runs", run_id, *rest)

    def page(self, *rest: object) -> str:
        """An address for people."""
        return "/".join([self.base, *map(str, rest)])


def node_id(kind: str, number: int) -> str:
    """An opaque id of the other interface; only its form matters."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def when(seconds: float) -> str:
    """A time as the API writes it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
