"""Where a GitLab pipeline puts an input into a shell script: what somebody typed then runs as a command; and where into
what decides, which jobs run or from which file they come.

`$[[ ]]` is filled in before a job exists, so no quoting helps. The safe way is a variable that is not expanded, or
the function `posix_escape`. https://docs.gitlab.com/ci/inputs/#define-input-parameters-with-specinputs
"""

import re
from collections.abc import Iterator
from typing import Final

import yaml

from daytwo_actions.backends.pipeline_file import PipelineFile, bracketed, child, entries, items, line_of, word
from daytwo_actions.backends.remarks import variable

_SCRIPTS: Final = ("before_script", "script", "after_script")
_PLACES: Final = frozenset({"local", "file", "project", "ref", "remote", "component", "template", "branch"})
_INPUT: Final = re.compile(r"\$\[\[\s*inputs\.([A-Za-z0-9_-]+)\s*(\|.*)?\]\]", re.DOTALL)
_SAFE: Final = (
    'Hand it over as data: `variables: {{{name}: {{value: "{text}", expand: false}}}}` on the job, and "${name}" in '
    "the script."
)


def interpolations(source: PipelineFile, config: yaml.Node, harmless: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    """Line, expression as written, and the safe way, of each. `harmless` are inputs that can only be a word."""
    for line, text, name, function in _inputs(source, _scripts(config), harmless):
        if "posix_escape" not in function:
            yield line, text, _SAFE.format(name=variable(name), text=text)


def decisions(source: PipelineFile, config: yaml.Node, harmless: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    """The same where an input decides: in a condition, in the place of a file or of another pipeline."""
    for line, text, name, _ in _inputs(source, _conditions(config), harmless):
        yield (
            line,
            text,
            f"Compare a variable: `variables: {{{variable(name)}: {text}}}`, and `${variable(name)}` here.",
        )
    for line, text, name, _ in _inputs(source, _places(config), harmless):
        yield (
            line,
            text,
            f"Let `{name}` be one of some `options`, or give it a `regex` from ^ to $ of letters and digits.",
        )


def _inputs(
    source: PipelineFile, nodes: Iterator[yaml.Node], harmless: frozenset[str]
) -> Iterator[tuple[int, str, str, str]]:
    """Line, expression as written, the input's name and what is done to it, each once."""
    told: set[tuple[int, str]] = set()
    for node in nodes:
        first = line_of(node)
        for lines, text in bracketed(source.source(node), "$[[", "]]"):
            found = _INPUT.fullmatch(text)
            if found is None or found[1].lower() in harmless or (first + lines, text) in told:
                continue
            told.add((first + lines, text))
            yield first + lines, text, found[1], found[2] or ""


def _conditions(config: yaml.Node) -> Iterator[yaml.Node]:
    """Of the pipeline, of its jobs, and of the files that it takes in."""
    included = items(child(config, "include"))
    for place in (config, *(value for _, _, value in entries(config)), *included):
        for rule in items(child(place, "rules")):
            if (condition := child(rule, "if")) is not None:
                yield condition
        for key in ("only", "except"):
            yield from items(child(place, key, "variables"))


def _places(config: yaml.Node) -> Iterator[yaml.Node]:
    """What says which file or which other pipeline; what is handed to it is data."""
    taken = [child(config, "include")]
    for _, _, job in entries(config):
        trigger = child(job, "trigger")
        taken += [trigger, child(trigger, "include")]
    for place in taken:
        listed = items(place) or ([place] if place is not None else [])
        for one in listed:
            if word(one) is not None:
                yield one
            yield from (value for name, _, value in entries(one) if name in _PLACES)


def _scripts(config: yaml.Node) -> Iterator[yaml.Node]:
    """Every line that a shell reads: of jobs and templates of jobs, of `default`, and those for all jobs."""
    for place in (config, *(value for _, _, value in entries(config))):
        for key in _SCRIPTS:
            script = child(place, key)
            if isinstance(script, yaml.SequenceNode):
                yield from items(script)
            elif word(script) is not None and script is not None:
                yield script
        yield from items(child(place, "hooks", "pre_get_sources_script"))
        for step in items(child(place, "run")):
            if (script := child(step, "script")) is not None:
                yield script
