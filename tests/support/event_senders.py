"""Systems that tell us of events, as tests play them."""

import json
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

SIGNING: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def signed(payload: object, *, name: str = "msg_1", at: datetime | None = None) -> tuple[dict[str, str], bytes]:
    """Headers and body of a delivery of the source `changes`."""
    moment, body = at or datetime.now(UTC), json.dumps(payload)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(SIGNING).sign(name, moment, body),
        "content-type": "application/json",
    }
    return headers, body.encode()
