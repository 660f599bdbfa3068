"""What was asked for, in one number: so that the same Idempotency-Key with another body is noticed."""

import hashlib
import hmac

import rfc8785
from pydantic import JsonValue

from daytwo_store.errors import Rejected
from daytwo_workflows.life.context import Life


def digest_of_ask(life: Life, asked: dict[str, JsonValue]) -> str:
    """Keyed: what was asked for may hold a secret, and a plain hash of a short one could be found out by trying."""
    try:
        return hmac.digest(life.fingerprint_key, rfc8785.dumps(asked), hashlib.sha256).hex()
    except (rfc8785.CanonicalizationError, ValueError, RecursionError) as error:
        raise Rejected(
            "The inputs hold something that JSON cannot carry exactly, such as a number beyond 2^53. Nothing was "
            "started. Send it as text."
        ) from error
