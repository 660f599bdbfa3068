"""The Idempotency-Key of what must not happen twice."""

import secrets

from daytwo_api.asker import Asker
from daytwo_store.errors import Rejected


def key_of(by: Asker, key: str | None) -> str:
    """The key that was sent; one of ours for a person at the page. Raises `Rejected` for a program without one."""
    if key is None and by.via == "token":
        raise Rejected(
            "Send an Idempotency-Key with a start, an undo or an answer by token, so that a repeated request does "
            "nothing twice. Nothing was done."
        )
    return key or secrets.token_urlsafe(16)
