"""Who has created a workflow, as Argo Server writes it: the label is the subject of the token that asked for it.

https://argo-workflows.readthedocs.io/en/latest/workflow-creator/
"""

import base64
import json
import re
from typing import Final

from daytwo_actions.backends.argo.wire.objects import Workflow

LABEL_CREATOR: Final = "workflows.argoproj.io/creator"
_NOT_IN_LABELS: Final = re.compile(r"[^-_.a-zA-Z0-9]")
_LONGEST: Final = 63


def creator_of(token: str) -> str | None:
    """What the label says of workflows that are created with a token; None where the token does not tell."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return _label(subject) or None if isinstance(subject, str) else None


def is_anothers(workflow: Workflow, creator: str | None) -> bool:
    """A server that writes no label says nothing; what kubectl creates has none either."""
    told = workflow.metadata.labels.get(LABEL_CREATOR)
    return creator is not None and bool(told) and told != creator


def _label(subject: str) -> str:
    value = _NOT_IN_LABELS.sub("-", subject)[-_LONGEST:]
    return value.strip("-_.")
