"""For tests: a stand-in as a process of its own.

``with start_standin(tmp_path, [{"full_path": "acme/shop", "path": shop}], tokens=[{"login": "bot", "token": "t"}])``
gives a ``RunningStandin`` s; ``gitlab.Gitlab(s.url, private_token="t")`` is the real client on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from daytwo_standins.shared.testing import RunningStandin, eventually, make_repository

__all__ = ["RunningStandin", "eventually", "make_repository", "start_standin"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@contextmanager
def start_standin(
    tmp_path: Path,
    projects: Sequence[Mapping[str, Any]],
    *,
    tokens: Sequence[Mapping[str, Any]],
    webhook: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] = _NOTHING,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[RunningStandin]:
    """A stand-in with these projects and tokens, as in the configuration (``config.Config``).

    ``settings`` are further keys of the configuration, ``environment`` further variables of the process.
    """
    config = {
        "projects": [{**one, "path": str(one["path"])} for one in projects],
        "tokens": [dict(one) for one in tokens],
        "webhooks": [dict(webhook)] if webhook else [],
        **settings,
    }
    running = RunningStandin(
        module="daytwo_standins.gitlab", folder=tmp_path / "gitlab-standin", config=config, environment=environment
    )
    try:
        yield running
    finally:
        running.stop_all()
