"""Two doors: that of the route, which is a permission and the scope of a token, and that of the object."""

from daytwo_actions.policy import YES, Answer, lacking
from daytwo_actions.roles import Permission, scope_of
from daytwo_api.asker import Asker
from daytwo_api.views.common import Permitted


def by_route(asker: Asker, needs: Permission) -> Answer:
    """The outer door, in words for what is shown beside others; the route itself says more."""
    if needs in asker.permissions:
        return YES
    scope = scope_of(needs)
    if scope not in asker.scopes:
        return Answer(False, f"It takes a token with the scope '{scope}'. Make one, or sign in.")
    return Answer(False, lacking(needs))


def permitted(asker: Asker, needs: Permission, answer: Answer) -> Permitted:
    """Through both. What the object says comes first: it is about what was asked."""
    both = answer if not answer.allowed else by_route(asker, needs)
    return Permitted(allowed=both.allowed, why_not=None if both.allowed else both.why_not)
