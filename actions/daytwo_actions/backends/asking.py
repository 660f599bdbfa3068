"""Whether what a pipeline does first asks us for permission and ends on a no (claim fence).

As strict as its use, since who is fenced is sent again: what is not plainly the claim, is none. A script asks if its
first command does, and that command is one of `curl` with `--fail`, `wget`, or a program whose path says that it
claims. What stands before it may only make ready: set the shell up, take the files, and install packages into the
job's own container.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Final

# In a path: "daytwo", and after it "claim" as a word, as in acme/daytwo/claim@v1 or ci/daytwo-claim/ask.sh.
_NAMED: Final = re.compile(r"(?<![\w.-])daytwo(?:[\w.-]*/)*(?:[\w.-]*[_.-])?claim(?![\w-])")
# The same for what only reports, and for what only works with secrets that are handed out once and after a claim.
_HARMLESS: Final = re.compile(r"(?<![\w.-])daytwo(?:[\w.-]*/)*(?:[\w.-]*[_.-])?(?:report|secrets)(?![\w-])")
# GitHub's, GitLab's, Argo's. Each ends at the next opening at the latest, so that a file full of them takes no time.
_FILLED_IN: Final = re.compile(r"\$\{\{(?:(?!\{\{).)*?\}\}|\$\[\[(?:(?!\[\[).)*?\]\]|\{\{(?:(?!\{\{).)*?\}\}")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_RUNS_MORE: Final = re.compile(r"`|\$\(")  # a command in a command, whose work comes first
_SET: Final = re.compile(r"set(?:\s+-[A-Za-z]+(?:\s+(?:pipefail|errexit|nounset|xtrace))?)+")
_STOPS: Final = re.compile(r"\s-[A-Za-z]*e|errexit")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "busybox"})
_SHELL_OPTION: Final = re.compile(r"-[eux]+")
_FAILS: Final = re.compile(r"--fail(?:-with-body)?|-[sSkLgivN46]*f[A-Za-z46]*")  # no option before f takes a value
# As checking out does, and as `image` would: nothing that others have is changed by it.
_MAKES_READY: Final = (["git", "clone"], ["apk", "add"], ["apt-get", "update"], ["apt-get", "install"])
_QUIET: Final = frozenset(
    {"--quiet", "-q", "-qq", "--no-cache", "--no-install-recommends", "-y", "--yes", "--depth", "--branch"}
)
_PLAIN: Final = re.compile(r"(?!-)[\w.$/:@{}=+-]+")  # a name, a number, an address, a variable
_EXIT: Final = re.compile(r"[1-9][0-9]?")
_REDIRECTS: Final = frozenset({">", ">>", ">&", "<"})
_OPERATOR: Final = frozenset("();<>|&")


def is_claim(name: str) -> bool:
    """Whether an action, a component or a template is the claim, by its name or path."""
    return _NAMED.search(name) is not None


def is_our_part(name: str) -> bool:
    """Whether a component or a template is one of ours that does no work without leave, by its name or path."""
    return is_claim(name) or _HARMLESS.search(name) is not None


def asks_us(script: str, *, stops: bool = True) -> bool:
    """Whether a script asks before it does anything else. `stops`: its shell ends at the first failure by itself."""
    lines = _commands(script)
    for number, line in enumerate(lines):
        if _SET.fullmatch(line):
            stops = stops or _STOPS.search(line) is not None
        elif not _is_setup(line):
            words = _words(line)
            ends = words[-3:-1] == ["||", "exit"] and _EXIT.fullmatch(words[-1]) is not None
            asked = is_asking(words[:-3] if ends else words)
            return asked and (stops or ends or number == len(lines) - 1)
    return False


def is_asking(words: Sequence[str]) -> bool:
    """Whether a command asks. It has to be the whole of its line: no pipe, no other command, nothing beside it."""
    if any(_OPERATOR.issuperset(word) and word not in _REDIRECTS for word in words):
        return False
    found = iter(_FILLED_IN.sub("$X", word) for word in words)
    program = next((word for word in found if not _ASSIGNMENT.fullmatch(word)), "")
    rest = list(found)
    match program.rpartition("/")[2]:
        case "curl":
            return _is_our_door(rest) and any(_FAILS.fullmatch(word) for word in rest)
        case "wget":
            return _is_our_door(rest)
        case name if name in _SHELLS:
            while rest and _SHELL_OPTION.fullmatch(rest[0]):
                rest = rest[1:]
            return bool(rest) and _is_our_program(rest[0], rest[1:])
    return _is_our_program(program, rest)


def is_shell(words: Sequence[str]) -> bool:
    """Whether a program's words, before its script, are those of a shell. None at all count as one."""
    return not words or words[0].rpartition("/")[2] in _SHELLS


def _is_our_door(words: Sequence[str]) -> bool:
    """One address and no second, whose answer would be the one that counts."""
    addresses = [word for word in words if word.startswith(("http://", "https://")) or word.endswith("/ci/claim")]
    return len(addresses) == 1 and re.fullmatch(r"(?:https?://|\$).*/ci/claim", addresses[0]) is not None


def _is_our_program(path: str, arguments: Sequence[str]) -> bool:
    """By its own name, or by its folder's: our script there does what its first argument says."""
    return is_claim(path) and (is_claim(f"daytwo/{path.rpartition('/')[2]}") or arguments[:1] == ["claim"])


def _commands(script: str) -> list[str]:
    """The lines without comments, each with those that continue it. A comment is not continued."""
    bare = "\n".join(_COMMENT.sub("", line) for line in _FILLED_IN.sub("$X", script).splitlines())
    return [line for line in (one.strip() for one in bare.replace("\\\n", " ").splitlines()) if line]


def _is_setup(line: str) -> bool:
    words = _words(line)
    if words[:1] == ["cd"]:
        return len(words) == 2
    if words[:2] in _MAKES_READY:
        return all(_PLAIN.fullmatch(word) or word in _QUIET for word in words[2:])
    return bool(words) and all(_ASSIGNMENT.fullmatch(word) for word in words[words[0] == "export" :])


def _words(line: str) -> list[str]:
    """The words and operators of a command; none of one that cannot be understood, or that runs another first."""
    return [] if _RUNS_MORE.search(line) else list(_split(line))


def _split(line: str) -> Iterator[str]:
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split, reader.commenters = True, ""
    try:
        yield from list(reader)
    except ValueError:  # a quotation mark without its other
        return
