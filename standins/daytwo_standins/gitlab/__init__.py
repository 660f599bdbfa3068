"""A stand-in for GitLab: the used part of its REST API over repositories on disk, with jobs run by gitlab-ci-local.

Start it with ``python -m daytwo_standins.gitlab --data DIR --config FILE``; see ``standins/README.md``.
"""
