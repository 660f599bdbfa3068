"""Every way in which a command ends badly.

CliError          1  what was asked for failed
├── Declined      5  whoever was asked said no
├── Usage         2  the command line is wrong, or something is missing and nobody can be asked
├── Refused       6  the server said no (4xx)
└── Unreachable   7  no answer, or a 5xx
"""

from typing import ClassVar

from daytwo_cli.exits import Exit


class CliError(Exception):
    """A sentence for people: what happened, what was and was not done, what to do next.

    `document` is what the server answered, when it did: problem details as JSON text.
    """

    exit: ClassVar[Exit] = Exit.FAILED

    def __init__(self, text: str, *, document: str | None = None) -> None:
        super().__init__(text)
        self.document = document


class Declined(CliError):
    exit = Exit.CANCELLED


class Usage(CliError):
    exit = Exit.USAGE


class Refused(CliError):
    exit = Exit.REFUSED


class Unreachable(CliError):
    exit = Exit.UNREACHABLE
