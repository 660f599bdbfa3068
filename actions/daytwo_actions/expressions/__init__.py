"""Expressions between `${{ }}`: parse once, check what they name, work them out with plain JSON data.

```python
template = parse_template({"version": "${{ inputs.version }}"})
[name.dotted for name in names(template)]                                # ["inputs.version"]
Evaluator().evaluate(template, {"inputs": {"version": "1.10"}})          # {"version": "1.10"}
```
"""

from daytwo_actions.expressions.errors import ExpressionError
from daytwo_actions.expressions.evaluate import Evaluator, Limits, Missing
from daytwo_actions.expressions.source import Place, did_you_mean
from daytwo_actions.expressions.template import Name, Template, constant, has_expression, names, parse_template, surely

__all__ = [
    "Evaluator",
    "ExpressionError",
    "Limits",
    "Missing",
    "Name",
    "Place",
    "Template",
    "constant",
    "did_you_mean",
    "has_expression",
    "names",
    "parse_template",
    "surely",
]
