"""The inputs of a GitLab pipeline: `spec:inputs` in the header of `.gitlab-ci.yml`, or variables that it describes.

https://docs.gitlab.com/ci/inputs/ and https://docs.gitlab.com/ci/yaml/#variablesdescription
The header is a document of its own before the configuration. A file without one takes variables, of any name; those
with a description are what GitLab's own form asks for. Pure; a file is never too broken to be told about.
"""

import re
from itertools import islice
from typing import Final

import yaml
from pydantic import JsonValue

from daytwo_actions.backends.gitlab.wire.fence import asks_first
from daytwo_actions.backends.gitlab.wire.scripts import decisions, interpolations
from daytwo_actions.backends.pipeline_file import (
    PipelineFile,
    Unreadable,
    child,
    entries,
    items,
    line_of,
    plain,
    read_file,
    word,
)
from daytwo_actions.backends.pipelines import (
    InputType,
    PipelineInput,
    PipelineInputs,
    PipelineRemark,
    Refusing,
    Severity,
    is_ours,
)
from daytwo_actions.backends.remarks import MOST_REMARKS, Code, decides, harmless_names, in_script, no_fence

MARKER_INPUT: Final = "daytwo_run"  # the input that carries our marker into `workflow:name`
MARKER_VARIABLE: Final = MARKER_INPUT.upper()  # the variable that does, in a file without `spec:inputs`
_TYPES: Final = {
    "string": InputType.STRING,
    "number": InputType.NUMBER,
    "boolean": InputType.BOOLEAN,
    "array": InputType.ARRAY,
}
_BY_INPUT: Final = re.compile(rf"\$\[\[\s*inputs\.{MARKER_INPUT}\s*\]\]")
_BY_VARIABLE: Final = re.compile(rf"\${MARKER_VARIABLE}(?!\w)|\${{{MARKER_VARIABLE}}}")
MOST_INPUTS: Final = 20  # of one pipeline: https://runbooks.gitlab-static.net/ci/inputs
_YES: Final = re.compile(r"yes|true|on", re.IGNORECASE)  # GitLab reads YAML 1.1


def read_pipeline(content: bytes, file: str = ".gitlab-ci.yml", *, max_inputs: int = MOST_INPUTS) -> PipelineInputs:
    """A pipeline as a form would see it. Never raises."""
    try:
        reader = _Reader(read_file(content), file)
        inputs = reader.inputs(max_inputs)
    except Unreadable as error:
        said = f"This file cannot be read as a pipeline: {error.detail}. Correct it; nothing else was looked at."
        wrong = PipelineRemark(severity=Severity.ERROR, code=Code.UNREADABLE, message=said, file=file, line=error.line)
        return PipelineInputs(file=file, inputs=(), others=False, marked=False, fenced=False, remarks=(wrong,))
    marked, fenced = reader.is_marked(), reader.is_fenced()
    reader.remark(inputs, marked=marked, fenced=fenced)
    return PipelineInputs(
        file=file,
        inputs=inputs,
        others=reader.header is None,
        marked=marked,
        fenced=fenced,
        remarks=tuple(reader.remarks),
    )


def declared_in(content: bytes) -> tuple[str, ...]:
    """What goes as an input and not as a variable, `daytwo_run` among it. "*" when that cannot be told: everything.

    Never raises; nothing goes as an input to a file that cannot be read.
    """
    try:
        header = _Reader(read_file(content), "").header
    except Unreadable:
        return ()
    names = sorted(name for name, _, _ in entries(child(header, "spec", "inputs")))
    return ("*", *names) if child(header, "spec", "include") is not None else tuple(names)


def _refusing(name: str) -> Refusing:
    """GitLab fills it into the text of the file (docs/decisions/0038)."""
    return Refusing(
        what="holds a line break, a quotation mark, a bracket, a brace, `: ` or ` #`, or has 1 KB",
        advice=f"take `{name}` out of `spec:inputs`, so that it goes as a variable of that name, in which every text "
        "arrives as it was typed",
    )


class _Reader:
    def __init__(self, source: PipelineFile, file: str) -> None:
        documents = [one for one in source.documents if isinstance(one, yaml.MappingNode)]
        if not documents:
            raise Unreadable("it is not a YAML document of keys and values")
        self.remarks: list[PipelineRemark] = []
        self.header = documents[0] if child(documents[0], "spec") is not None else None
        self._config = documents[-1] if self.header is None or len(documents) > 1 else None
        self._source = source
        self._file = file

    def say(self, severity: Severity, code: Code, message: str, line: int | None) -> None:
        self.remarks.append(PipelineRemark(severity=severity, code=code, message=message, file=self._file, line=line))

    def inputs(self, most: int) -> tuple[PipelineInput, ...]:
        """Those that a step gives; ours are left out. `most` are taken at a time. Raises `Unreadable`."""
        known = entries(child(self._config, "variables"))
        asked = [one for one in known if child(one[2], "description") is not None]
        variables = tuple(_of_variable(*one) for one in asked if not is_ours(one[0]))
        if self.header is None:
            return variables
        if (included := child(self.header, "spec", "include")) is not None:
            said = "Inputs that stand in another file (`spec:include`) were not read."
            self.say(Severity.NOTE, Code.ELSEWHERE, said, line_of(included))
        declared = list(entries(child(self.header, "spec", "inputs")))
        if len(declared) > most:
            said = (
                f"It declares {len(declared)} inputs, and GitLab takes {most} for one pipeline. Take those that a step "
                "gives beyond that out of `spec:inputs`: they go as variables, of which there may be any number."
            )
            self.say(Severity.WARNING, Code.TOO_MANY_INPUTS, said, line_of(declared[most][1]))
        return (*(self._input(*one) for one in declared if not is_ours(one[0])), *variables)

    def _input(self, name: str, key: yaml.Node, facts: yaml.Node) -> PipelineInput:
        type_ = self._type(name, child(facts, "type"))
        rules = items(child(facts, "rules"))
        options = _options([facts, *rules])
        default = _default([facts, *(rule for rule in rules if child(rule, "if") is None)])
        if default is not None and options and not rules and _value(type_, default) not in options:
            said = f"The default of `{name}` is not one of its options, so GitLab refuses the file."
            self.say(Severity.ERROR, Code.INPUT_TYPE, f"{said} Correct one of the two.", line_of(default))
        return PipelineInput(
            name=name,
            refusing=_refusing(name) if type_ in {InputType.STRING, InputType.ARRAY} and not options else None,
            type=InputType.CHOICE if options and type_ in {InputType.STRING, InputType.NUMBER} else type_,
            required=default is None,
            default=_value(type_, default),
            description=word(child(facts, "description")),
            options=options,
            pattern=_pattern(word(child(facts, "regex"))),
            line=line_of(key),
        )

    def _type(self, name: str, node: yaml.Node | None) -> InputType:
        written = word(node)
        if node is None or written in _TYPES:
            return _TYPES[written or "string"]
        said = f"The input `{name}` has the type `{written or plain(node)}`, which GitLab does not know"
        advice = f"It is read as text; write one of {', '.join(_TYPES)}."
        self.say(Severity.ERROR, Code.INPUT_TYPE, f"{said}. {advice}", line_of(node))
        return InputType.STRING

    def is_marked(self) -> bool:
        name = word(child(self._config, "workflow", "name")) or ""
        if self.header is None:
            return _BY_VARIABLE.search(name) is not None
        return bool(_BY_INPUT.search(name)) and child(self.header, "spec", "inputs", MARKER_INPUT) is not None

    def is_fenced(self) -> bool:
        return asks_first(self._config)

    def remark(self, inputs: tuple[PipelineInput, ...], *, marked: bool, fenced: bool) -> None:
        if not marked:
            self._say_unmarked()
        if not fenced:
            self.remarks.append(no_fence(self._file))
        if (included := child(self._config, "include")) is not None:
            said = "Jobs that stand in other files (`include`) were not looked at."
            self.say(Severity.NOTE, Code.ELSEWHERE, said, line_of(included))
        if self._config is not None:
            found = interpolations(self._source, self._config, harmless_names(inputs))
            for line, text, safe in islice(found, MOST_REMARKS):
                self.say(Severity.WARNING, Code.INPUT_IN_SCRIPT, in_script(text, safe), line)
            found = decisions(self._source, self._config, harmless_names(inputs))
            for line, text, safe in islice(found, MOST_REMARKS):
                self.say(Severity.WARNING, Code.INPUT_DECIDES, decides(text, safe), line)

    def _say_unmarked(self) -> None:
        workflow = child(self._config, "workflow")
        name = child(workflow, "name")
        shown = f"$[[ inputs.{MARKER_INPUT} ]]" if self.header is not None else f"${MARKER_VARIABLE}"
        declared = self.header is None or child(self.header, "spec", "inputs", MARKER_INPUT) is not None
        also = "" if declared else f', and `{MARKER_INPUT}: {{default: ""}}` to `spec:inputs`'
        self.say(
            Severity.WARNING,
            Code.NO_MARKER,
            "A list of pipelines does not show which one is ours, so after a lost answer the variables of each have to "
            "be read, which not every credential may, or a person has to say. Add "
            f'`name: "{_title(word(name))} [{shown}]"` under `workflow:`{also}.',
            line_of(place) if (place := name or workflow) else None,
        )


def _title(name: str | None) -> str:
    return name.replace('"', "'") if name else "Pipeline"


def _of_variable(name: str, key: yaml.Node, facts: yaml.Node) -> PipelineInput:
    """A variable with a description: text, and one of its options where it has some."""
    options = _options([facts])
    value = plain(child(facts, "value"))
    return PipelineInput(
        name=name,
        type=InputType.CHOICE if options else InputType.STRING,
        required=False,
        default=None if value is None else _text(value),
        description=word(child(facts, "description")),
        options=tuple(_text(option) for option in options),
        line=line_of(key),
    )


def _options(places: list[yaml.Node]) -> tuple[str | int | float, ...]:
    """Everything that may be chosen under some condition, in its order."""
    found = [plain(item) for place in places for item in items(child(place, "options"))]
    kept = [one for one in found if isinstance(one, str | int | float) and not isinstance(one, bool)]
    return tuple(dict.fromkeys(kept))


def _default(places: list[yaml.Node]) -> yaml.Node | None:
    """What holds when nothing is given and no condition fits. `default: null` is one too: it may be left out."""
    return next((node for place in places if (node := child(place, "default")) is not None), None)


def _value(type_: InputType, node: yaml.Node | None) -> JsonValue:
    value = plain(node)
    if type_ is InputType.BOOLEAN and isinstance(value, str):
        return _YES.fullmatch(value) is not None
    if type_ is InputType.STRING and value is not None and not isinstance(value, list | dict):
        return word(node)
    return value


def _pattern(regex: str | None) -> str | None:
    """GitLab also takes /a/ for a."""
    if regex and len(regex) > 1 and regex[0] == regex[-1] == "/":
        return regex[1:-1]
    return regex


def _text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
