"""Runs an application in this process, and ends it when the supervisor is gone.

    python launch.py PACKAGE     in the folder of a release, standard input is a pipe from the supervisor

Nobody writes into the pipe. When the supervisor ends, by whatever means, the operating system closes it, reading
ends, and so does this process: an application must not go on alone and keep its port. (Linux could send a signal
instead, other systems could not.) This file is run by path and imports nothing of ours, so that applications
do not share their process with the stand-ins.

Several processes of one service listen on one port, and the operating system deals connections out among them.
"""

import os
import runpy
import socketserver
import sys
import threading

ORPHANED = 70


def _end_with_supervisor() -> None:
    while os.read(0, 4096):
        pass
    os._exit(ORPHANED)


def main() -> None:
    package = sys.argv[1]
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    sys.path[0] = os.getcwd()  # noqa: PTH109 – an import of pathlib in every application, for one string
    sys.argv = [package]
    socketserver.TCPServer.allow_reuse_port = True
    runpy.run_module(package, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
