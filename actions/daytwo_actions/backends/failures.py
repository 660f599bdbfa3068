"""What a backend raises: nobody answers, it is refused, it is gone, it is closed, it cannot be used."""


class BackendUnreachable(Exception):
    """A read that did not get through: the state is unknown, try again. `retry_after` in seconds when told."""

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class BackendHeld(BackendUnreachable):
    """The CI system has asked this connection to wait: it was asked nothing. `retry_after` is how long that lasts."""


class BackendDenied(Exception):
    """A read that the vendor refused for good: wrong credential, no such repository, workflow or ref. Says which.

    `credential`: it is not (or no longer) valid, which somebody may mend in a moment (R14).
    """

    def __init__(self, detail: str, *, credential: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.credential = credential


class ExternalGone(Exception):
    """The external run no longer exists in the CI system."""


class GateClosed(Exception):
    """Nothing waits at this gate any more: it was answered before, or its run has ended. Nothing was changed."""


class OutputsUnusable(Exception):
    """What a run left as its results cannot be taken: broken, too large, expired. Asking again changes nothing.

    The text says why. How the run ended is not affected.
    """


class LogsNotReady(Exception):
    """There is no log of this job yet (GitHub has none before a job has ended), or there never will be one."""


class WebhookRefused(Exception):
    """A delivery whose signature or shape is not right; nothing was stored."""
