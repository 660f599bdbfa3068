"""What is asked: the vocabulary of forms, forms resolved on the server, and answers accepted or refused."""

from daytwo_forms.accept import ValidInput, accept
from daytwo_forms.errors import ChoicesUnavailable, FormRejected, InputRejected
from daytwo_forms.expressions import Expression, ExpressionParser
from daytwo_forms.fields import FieldSpec, Page
from daytwo_forms.limits import AnswerLimits
from daytwo_forms.options import field_options
from daytwo_forms.resolve import resolve
from daytwo_forms.resolved import ResolvedField, ResolvedForm, ResolvedPage
from daytwo_forms.schema import FormField, FormSchema, compile_form
from daytwo_forms.sources import EntitySource, Option, OptionPage, OptionQuery, OptionSource, Sources

__all__ = [
    "AnswerLimits",
    "ChoicesUnavailable",
    "EntitySource",
    "Expression",
    "ExpressionParser",
    "FieldSpec",
    "FormField",
    "FormRejected",
    "FormSchema",
    "InputRejected",
    "Option",
    "OptionPage",
    "OptionQuery",
    "OptionSource",
    "Page",
    "ResolvedField",
    "ResolvedForm",
    "ResolvedPage",
    "Sources",
    "ValidInput",
    "accept",
    "compile_form",
    "field_options",
    "resolve",
]
