"""A stand-in for GitHub: the used part of its REST API over repositories on disk, with workflows run by act.

Start it with ``python -m daytwo_standins.github --data DIR --config FILE``; see ``standins/README.md``.
"""
