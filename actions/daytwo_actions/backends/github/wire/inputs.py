"""A workflow file's own inputs, and what is worth saying about it.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#onworkflow_dispatchinputs
`on` may be a word, a list or a map, and `workflow_dispatch` null, empty or with inputs. What GitHub would refuse is
remarked and read as far as it makes sense: a file is never too broken to be told about.
"""

import json
from itertools import islice
from typing import Final

import yaml
from pydantic import JsonValue

from daytwo_actions.backends.github.wire.dispatch import RESERVED
from daytwo_actions.backends.github.wire.scripts import interpolations
from daytwo_actions.backends.github.wire.workflow_file import asks_first, shows_marker
from daytwo_actions.backends.pipeline_file import Unreadable, child, entries, items, line_of, one_mapping, plain, word
from daytwo_actions.backends.pipelines import (
    PACK,
    InputType,
    PipelineInput,
    PipelineInputs,
    PipelineRemark,
    Severity,
    is_ours,
)
from daytwo_actions.backends.remarks import MOST_REMARKS, Code, harmless_names, in_script, no_fence

EVENT: Final = "workflow_dispatch"
_TYPES: Final = {
    "string": InputType.STRING,
    "number": InputType.NUMBER,
    "boolean": InputType.BOOLEAN,
    "choice": InputType.CHOICE,
    "environment": InputType.ENVIRONMENT,
}


def read_workflow(content: bytes, file: str, *, max_inputs: int = 25) -> PipelineInputs:
    """A workflow as a form would see it. `file` is its path in the repository. Never raises."""
    try:
        source = one_mapping(content)
        reader = _Reader(source.documents[0], file, max_inputs)
        inputs = reader.inputs()
    except Unreadable as error:
        said = f"This file cannot be read as a workflow: {error.detail}. Correct it; nothing else was looked at."
        wrong = _remark(Severity.ERROR, Code.UNREADABLE, said, file, error.line)
        return PipelineInputs(file=file, inputs=(), others=False, marked=False, fenced=False, remarks=(wrong,))
    root = source.documents[0]
    marked, fenced = shows_marker(root), asks_first(root)
    if reader.event is not None:
        reader.say_marked(marked=marked)
        reader.remarks += [] if fenced else [no_fence(file)]
        for line, text, safe in islice(interpolations(source, harmless_names(inputs)), MOST_REMARKS):
            reader.say(Severity.WARNING, Code.INPUT_IN_SCRIPT, in_script(text, safe), line)
    return PipelineInputs(
        file=file,
        inputs=inputs,
        others=False,
        marked=marked,
        fenced=fenced,
        packs=child(root, "on", EVENT, "inputs", PACK) is not None,
        remarks=tuple(reader.remarks),
    )


def why_not(content: bytes) -> str | None:
    """Why nothing can start this workflow from outside, None when it can be started."""
    try:
        root = one_mapping(content).documents[0]
    except Unreadable as error:
        return f"Its file cannot be read as a workflow: {error.detail}."
    if _event(child(root, "on")) is None:
        return f"Its `on` has no `{EVENT}`; add it on the default branch."
    return None


class _Reader:
    def __init__(self, root: yaml.Node, file: str, max_inputs: int) -> None:
        self.remarks: list[PipelineRemark] = []
        self._root = root
        self._file = file
        self._max_inputs = max_inputs
        self.event = _event(child(root, "on"))

    def say(self, severity: Severity, code: Code, message: str, line: int | None) -> None:
        self.remarks.append(_remark(severity, code, message, self._file, line))

    def inputs(self) -> tuple[PipelineInput, ...]:
        """Those that a step gives; ours are left out. Raises `Unreadable`."""
        if self.event is None:
            on = child(self._root, "on")
            self.say(
                Severity.ERROR,
                Code.NOT_DISPATCHABLE,
                f"Nothing can start this workflow from outside: its `on` has no `{EVENT}`. Add `{EVENT}:` to it, on "
                "the default branch.",
                line_of(on) if on else None,
            )
            return ()
        declared = list(entries(child(self.event, "inputs")))
        if len(declared) > self._max_inputs:
            self.say(
                Severity.ERROR,
                Code.TOO_MANY_INPUTS,
                f"It declares {len(declared)} inputs, and this GitHub takes {self._max_inputs}. Declare one "
                f"`{PACK}: {{type: string}}` instead of those beyond: what has no name of its own comes in it as JSON.",
                line_of(declared[self._max_inputs][1]),
            )
        return tuple(self._input(name, key, facts) for name, key, facts in declared if not is_ours(name))

    def _input(self, name: str, key: yaml.Node, facts: yaml.Node) -> PipelineInput:
        line = line_of(key)
        type_ = self._type(name, child(facts, "type"))
        options = self._options(name, type_, facts, line)
        default = _default(type_, plain(child(facts, "default")))
        if options and default is not None and default not in options:
            said = f"The default of `{name}`, {default!r}, is not one of its options."
            self.say(Severity.WARNING, Code.INPUT_TYPE, f"{said} Correct one of the two.", line)
        description = word(child(facts, "description"))
        if old := word(child(facts, "deprecationMessage")):
            self.say(Severity.WARNING, Code.DEPRECATED, f"The input `{name}` is not to be used any more: {old}", line)
        return PipelineInput(
            name=name,
            type=type_,
            required=plain(child(facts, "required")) is True and default in (None, ""),
            default=default,
            description=description,
            options=options,
            line=line,
        )

    def _type(self, name: str, node: yaml.Node | None) -> InputType:
        written = word(node)
        if node is None or written in _TYPES:
            return _TYPES[written or "string"]
        said = f"The input `{name}` has the type `{written or plain(node)}`, which GitHub does not know"
        advice = f"It is read as text; write one of {', '.join(_TYPES)}."
        self.say(Severity.ERROR, Code.INPUT_TYPE, f"{said}. {advice}", line_of(node))
        return InputType.STRING

    def _options(self, name: str, type_: InputType, facts: yaml.Node, line: int) -> tuple[str, ...]:
        if type_ is not InputType.CHOICE:
            return ()
        options = tuple(_text(plain(item)) for item in items(child(facts, "options")))
        if not options:
            said = f"The input `{name}` is a choice without `options`, so nothing can be chosen. List them."
            self.say(Severity.ERROR, Code.INPUT_TYPE, said, line)
        return options

    def say_marked(self, *, marked: bool) -> None:
        if marked:
            return
        run_name = child(self._root, "run-name")
        title = word(run_name) or word(child(self._root, "name")) or "Run"
        line = f"run-name: {json.dumps(f'{title} [${{{{ inputs.{RESERVED} }}}}]', ensure_ascii=False)}"
        declared = child(self.event, "inputs", RESERVED) is not None
        also = "" if declared else f', and `{RESERVED}: {{type: string, default: ""}}` to the inputs of `{EVENT}`'
        self.say(
            Severity.WARNING,
            Code.NO_MARKER,
            "A list of runs does not show which one is ours, so a dispatch whose answer is lost has to be settled by a "
            f"person. Add `{line}` at the top{also}.",
            line_of(run_name) if run_name else 1,
        )


def _event(on: yaml.Node | None) -> yaml.Node | None:
    """The node of `workflow_dispatch`, in any of the three ways to write it; None when it is not there."""
    match on:
        case yaml.ScalarNode():
            return on if on.value == EVENT else None
        case yaml.SequenceNode():
            return next((item for item in items(on) if word(item) == EVENT), None)
        case _:
            return child(on, EVENT)


def _default(type_: InputType, written: JsonValue) -> JsonValue:
    """A default in the type of its input: `"true"` of a yes or no is true."""
    if written is None:
        return None
    text = _text(written)
    if type_ is InputType.BOOLEAN:
        return text.lower() == "true"
    if type_ is InputType.NUMBER and isinstance(written, str):
        return _number(written)
    return written if type_ is InputType.NUMBER else text


def _number(text: str) -> JsonValue:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _remark(severity: Severity, code: Code, message: str, file: str, line: int | None) -> PipelineRemark:
    return PipelineRemark(severity=severity, code=code, message=message, file=file, line=line)
