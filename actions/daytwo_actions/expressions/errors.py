"""Errors of expressions.

DaytwoError
└── Rejected
    └── ExpressionError   422  an expression cannot be read, or cannot be worked out with these values

One class, because whoever catches it does the same thing every time: fail safe (design §5). Facts are attributes.
"""

from daytwo_actions.expressions.source import Place
from daytwo_store.errors import FieldFault, Rejected


class ExpressionError(Rejected):
    """Names the place in the text, points at it, and says what to write instead. Never repeats a value.

    `absent` is true when it failed because something that an expression names is undefined or null.
    """

    type = "expression-error"
    title = "An expression cannot be worked out"

    def __init__(self, message: str, place: Place, *, suggestion: str | None = None, absent: bool = False) -> None:
        self.message = message
        self.place = place
        self.suggestion = suggestion
        self.absent = absent
        advice = f" {suggestion}" if suggestion else ""
        detail = f"{message} (line {place.line}, column {place.column}).{advice}\n{place.excerpt()}"
        super().__init__(detail, errors=[FieldFault(pointer=place.pointer, detail=f"{message}.{advice}")])
