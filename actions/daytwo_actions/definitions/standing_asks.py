"""What asks for runs without a person in front of it, a schedule or a trigger: does it fit to the action?"""

from collections.abc import Collection, Iterator, Mapping

from daytwo_actions.definitions.document import Document
from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.load import ActionVersion
from daytwo_actions.expressions import did_you_mean
from daytwo_forms.pointers import under
from daytwo_store.ids import ActionName


def unfitting_ask(
    document: Document,
    actions: Mapping[ActionName, ActionVersion],
    *,
    action: str,
    on_entity: bool,
    inputs: Collection[str],
    reason: str,
) -> Iterator[Problem]:
    """`on_entity`: does it say on which; `reason` says why no secret is given by it, as "a schedule keeps none"."""
    version = actions.get(ActionName(action))
    if version is None:
        yield document.problem("/spec/action", f"There is no action `{action}`", did_you_mean(action, actions))
        return
    target = version.model.spec.target
    if target is not None and not on_entity:
        yield document.problem("/spec", f"`{action}` runs on a {target.kind}, and `entity` does not say on which")
    elif target is None and on_entity:
        yield document.problem("/spec/entity", f"`{action}` is not about an entity")
    fields = version.form.fields
    for field in inputs:
        pointer = under("/spec/inputs", field)
        if field not in fields:
            message = f"The form of `{action}` has no field `{field}`"
            yield document.problem(pointer, message, did_you_mean(field, fields), at_key=True)
        elif fields[field].secret:
            yield document.problem(pointer, f"`{field}` is a secret, and {reason}", at_key=True)
