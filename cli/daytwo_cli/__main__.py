"""The program `daytwo`."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from daytwo_cli.app import build
from daytwo_cli.errors import CliError
from daytwo_cli.exits import Exit
from daytwo_cli.tools import Tools


def run(arguments: Sequence[str], tools: Tools) -> int:
    """Carry out one command line; its exit code. What went wrong is printed, never a traceback."""
    try:
        build()(list(arguments), obj=tools, prog_name="daytwo")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.SUCCESS
    except CliError as error:
        if error.document is not None and "--json" in arguments:
            tools.out.note(error.document)
        else:
            tools.out.note(str(error))
        return error.exit
    return Exit.SUCCESS


def main() -> NoReturn:
    """Flush, then leave without the interpreter's own farewell, in which a native library may abort (design §10)."""
    code = run(sys.argv[1:], Tools.of_process())
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        code = code or Exit.FAILED
    os._exit(code)


if __name__ == "__main__":
    main()
