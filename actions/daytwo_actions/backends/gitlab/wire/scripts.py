"""Where a GitLab pipeline puts an input into a shell script: what somebody typed then runs as a command.

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
_INPUT: Final = re.compile(r"\$\[\[\s*inputs\.([A-Za-z0-9_-]+)\s*(\|.*)?\]\]", re.DOTALL)
_SAFE: Final = (
    'Hand it over as data: `variables: {{{name}: {{value: "{text}", expand: false}}}}` on the job, and "${name}" in '
    "the script."
)


def interpolations(source: PipelineFile, config: yaml.Node, harmless: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    """Line, expression as written, and the safe way, of each. `harmless` are inputs that can only be a word."""
    told: set[tuple[int, str]] = set()
    for script in _scripts(config):
        first = line_of(script)
        for lines, text in bracketed(source.source(script), "$[[", "]]"):
            found = _INPUT.fullmatch(text)
            if found is None or found[1].lower() in harmless or "posix_escape" in (found[2] or ""):
                continue
            if (first + lines, text) not in told:
                told.add((first + lines, text))
                yield first + lines, text, _SAFE.format(name=variable(found[1]), text=text)


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
