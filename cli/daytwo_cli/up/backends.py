"""Which CI systems somebody wants, and which of them this machine can have."""

from collections.abc import Callable
from dataclasses import dataclass

from daytwo_cli.errors import CliError, Usage
from daytwo_cli.up import gitlab
from daytwo_cli.up.standin import Kind

ALL = "all"


@dataclass(frozen=True, slots=True)
class Backends:
    """What is started, and what was asked for by `all` and is not; empty when nothing was left out."""

    kinds: frozenset[Kind] = frozenset({Kind.GITHUB})
    left_out: str = ""


def wanted(text: str, *, missing: Callable[[], str] = gitlab.missing) -> Backends:
    """Read `github,argo` or `all`; GitHub's is always there. What `all` cannot have is left out and said.

    Raises:
        Usage: a name that nobody knows.
        CliError: GitLab was asked for by its name, and something that it needs is not here.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := sorted(set(names) - {ALL, *Kind}):
        known = ", ".join([*Kind, ALL])
        raise Usage(f"There is no CI system {', '.join(unknown)} to start. Known: {known}. Nothing was started.")
    kinds = frozenset({Kind.GITHUB, *(Kind if ALL in names else map(Kind, names))})
    lacking = missing() if Kind.GITLAB in kinds else ""
    if not lacking:
        return Backends(kinds)
    if Kind.GITLAB in names:
        raise CliError(f"GitLab's stand-in cannot run pipelines here: {lacking}")
    return Backends(kinds - {Kind.GITLAB}, f"GitLab is left out: {lacking}")
