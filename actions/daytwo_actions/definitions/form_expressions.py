"""Expressions as forms know them: `daytwo_forms` says what it needs, this is it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from daytwo_actions.expressions import Evaluator, Template, names, parse_template
from daytwo_forms.expressions import ExpressionParser


@dataclass(frozen=True, slots=True)
class FormExpression:
    """A template of a form with the evaluator that works it out."""

    template: Template
    evaluator: Evaluator
    fields: frozenset[str]
    constant: bool

    def evaluate(self, context: Mapping[str, object]) -> JsonValue:
        return self.evaluator.evaluate(self.template, context)


def form_parser(evaluator: Evaluator) -> ExpressionParser:
    def parse(value: JsonValue, pointer: str) -> FormExpression:
        template = parse_template(value, pointer=pointer)
        named = [name.parts for name in names(template)]
        fields = frozenset(str(parts[1]) for parts in named if parts[0] == "form" and len(parts) > 1)
        return FormExpression(template, evaluator, fields, template.constant)

    return parse
