"""What else holds for a stage of an approval, in words."""

from datetime import timedelta

from daytwo_actions.definitions.durations import format_duration
from daytwo_store.on_call import called
from daytwo_store.terms import Terms

SELF_APPROVAL = "Who asks for it may approve it, too: the action says so."


def terms_words(terms: Terms) -> list[str]:
    """A sentence for each that is not as usual."""
    said = []
    if terms.self_approval:
        said.append(SELF_APPROVAL)
    if "approve" in terms.reason:
        said.append("Approving it takes a reason.")
    if "reject" not in terms.reason:
        said.append("Rejecting it takes no reason.")
    if terms.remind:
        after = [_lasting(seconds) for seconds in terms.remind]
        said.append(f"Those who are asked are reminded after {' and '.join(after)}.")
    if terms.escalate is not None:
        to = " and ".join(called(name) for name in terms.escalate.to)
        said.append(f"When nobody has decided after {_lasting(terms.escalate.after)}, {to} can decide as well.")
    return said


def _lasting(seconds: int) -> str:
    return format_duration(timedelta(seconds=seconds))
