"""The example company's servers: one process that keeps each service of each environment running.

For every (environment, service) it runs the release that the symbolic link `current` points at, on a fixed loopback
port; starts it again when the link moves, when `restart` is touched, or when it dies; and takes its applications
along when it ends, even by SIGKILL. `layout.py` has the folders, `config.py` the file that it reads.
"""
