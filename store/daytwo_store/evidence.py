"""The file format of evidence: one JSON document whose bytes are signed as they stand.

    {"evidence": …, "key": "<16 hex digits>", "signature": "<base64>"}

What is signed are the bytes between `{"evidence": ` and `, "key": `, so that checking needs no canonical form, and no
byte of the file can change unseen: what stands around them has exactly one spelling.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from daytwo_store.signing import KeyRing, Purpose, Signer, Verdict

FORMAT: Final = "daytwo-evidence/1"
_HEAD: Final = b'{"evidence": '
_TAIL: Final = re.compile(rb', "key": "([0-9a-f]{16})", "signature": "([A-Za-z0-9+/]{86}==)"\}\n\Z')
_TAIL_BYTES: Final = len(b', "key": "", "signature": ""}\n') + 16 + 88


class NotEvidence(Exception):
    """The file was changed, cut or is none of ours; says how that shows."""


def seal(document: Mapping[str, object], signer: Signer) -> bytes:
    """The file. `document` is JSON-like."""
    body = json.dumps(document, ensure_ascii=False, indent=1).encode()
    signature = signer.sign_bytes(Purpose.EVIDENCE, body)
    return _HEAD + body + f', "key": "{signer.key}", "signature": "{signature}"}}\n'.encode()


def opened(content: bytes, keys: KeyRing) -> dict[str, Any]:
    """What the file holds, if it is what was signed. Raises `NotEvidence`."""
    tail = _TAIL.fullmatch(content[-_TAIL_BYTES:])
    if not content.startswith(_HEAD) or tail is None:
        raise NotEvidence("it does not begin and end as a file of evidence does: it is none, or not all of it")
    body = content[len(_HEAD) : len(content) - _TAIL_BYTES]
    key, signature = tail[1].decode(), tail[2].decode()
    match keys.check_bytes(Purpose.EVIDENCE, body, key=key, signature=signature):
        case Verdict.UNKNOWN_KEY:
            raise NotEvidence(f"it names the key {key}, which is not among those given")
        case Verdict.WRONG:
            raise NotEvidence("it is not what was signed: something in it was changed")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise NotEvidence(f"it is signed, and not of the format {FORMAT}: a newer Daytwo made it")
    return found
