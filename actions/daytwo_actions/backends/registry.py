"""From a connection's settings to its backend. A new backend is one line here."""

import time
from collections.abc import Callable

from daytwo_actions.backends.argo.backend import ArgoBackend
from daytwo_actions.backends.argo.settings import ArgoSettings
from daytwo_actions.backends.base import Backend
from daytwo_actions.backends.github.backend import GitHubBackend
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.gitlab.backend import GitLabBackend
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.http.reading import Observe

ConnectionSettings = GitHubSettings | GitLabSettings | ArgoSettings


def connect(settings: ConnectionSettings, *, observe: Observe, now: Callable[[], float] = time.time) -> Backend:
    """The backend of a connection; it asks nothing and opens nothing before it is used.

    `observe(operation, status, seconds, remaining)` is called after each request, in the event loop's thread. `now` is
    seconds since 1970: how old a signed delivery is.
    """
    match settings:
        case GitHubSettings():
            return GitHubBackend(settings, observe=observe)
        case GitLabSettings():
            return GitLabBackend(settings, observe=observe, now=now)
        case ArgoSettings():
            return ArgoBackend(settings, observe=observe)
