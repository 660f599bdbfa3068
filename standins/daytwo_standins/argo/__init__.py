"""A stand-in for Argo Workflows: the used part of Argo Server's API, with workflows really run as local processes.

Start it with ``python -m daytwo_standins.argo --data DIR --config FILE``; see ``standins/README.md``.
"""
