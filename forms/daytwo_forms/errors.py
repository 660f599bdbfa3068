"""Errors of forms.

DaytwoError
├── Rejected
│   ├── FormRejected        422  a form cannot be registered; nothing was changed
│   └── InputRejected       422  answers do not fit the form; nothing came of them
└── Unavailable
    └── ChoicesUnavailable  503  a choice could not be checked because its source does not answer; nothing came of it

`errors` of each lists every fault at once, with JSON pointers: of `FormRejected` into the form, of the others into what
was sent.
"""

from collections.abc import Sequence

from daytwo_store.errors import FieldFault, Rejected, Unavailable


class FormRejected(Rejected):
    """The form of a definition breaks the rules of the vocabulary."""

    type = "form-rejected"
    title = "The form cannot be used"

    def __init__(self, faults: Sequence[FieldFault]) -> None:
        super().__init__(_listed("The form was not accepted", faults), errors=faults)


class InputRejected(Rejected):
    """Answers that the form does not allow."""

    type = "input-rejected"
    title = "Some answers are not right"

    def __init__(self, faults: Sequence[FieldFault], *, outcome: str = "Nothing was started") -> None:
        super().__init__(_listed(outcome, faults) + " Correct them and send again.", errors=faults)


class ChoicesUnavailable(Unavailable):
    """Whether a choice is offered could not be found out. Accepting it unchecked would be a way around the check."""

    type = "choices-unavailable"
    title = "A choice cannot be checked now"

    def __init__(self, faults: Sequence[FieldFault], *, outcome: str = "Nothing was started") -> None:
        super().__init__(_listed(outcome, faults) + " Try again in a moment.", errors=faults)


def _listed(opening: str, faults: Sequence[FieldFault]) -> str:
    """A sentence with the first faults; the whole list is in `errors`."""
    shown = " ".join(fault.detail if fault.detail.endswith((".", "?")) else f"{fault.detail}." for fault in faults[:3])
    more = f" And {len(faults) - 3} more." if len(faults) > 3 else ""
    return f"{opening}: {shown}{more}"
