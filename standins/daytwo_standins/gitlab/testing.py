"""For tests: a stand-in as a process of its own.

``with start_standin(tmp_path, [{"full_path": "acme/shop", "path": shop}], tokens=[{"login": "bot", "token": "t"}])``
gives a ``RunningStandin`` s; ``gitlab.Gitlab(s.url, private_token="t")`` is the real client on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daytwo_standins.shared.testing import NOTHING, RunningStandin, eventually, make_repository, with_repositories

__all__ = ["RunningStandin", "eventually", "make_repository", "start_standin"]


@contextmanager
def start_standin(
    tmp_path: Path,
    projects: Sequence[Mapping[str, Any]],
    *,
    tokens: Sequence[Mapping[str, Any]],
    webhook: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] = NOTHING,
    environment: Mapping[str, str] = NOTHING,
) -> Iterator[RunningStandin]:
    """A stand-in with these projects and tokens, as in the configuration (``config.Config``).

    ``settings`` are further keys of the configuration, ``environment`` further variables of the process.
    """
    with with_repositories(
        "gitlab",
        tmp_path,
        {"projects": projects},
        tokens=tokens,
        webhook=webhook,
        settings=settings,
        environment=environment,
    ) as running:
        yield running
