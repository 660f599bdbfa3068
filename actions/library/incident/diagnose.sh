#!/usr/bin/env bash
# diagnose.sh: what is to be seen of a service, into the log. It changes nothing, and goes on where something is missing.
set -uo pipefail
: "${SERVICE:?}" "${ENVIRONMENT:?}"
run() { echo "--- kubectl $*"; kubectl --namespace "$ENVIRONMENT" "$@" || true; }

run get deployment,pods -l "app=$SERVICE" -o wide
run rollout history "deployment/$SERVICE"
run get events --sort-by=.lastTimestamp
run top pods -l "app=$SERVICE"
run logs -l "app=$SERVICE" --since=15m --tail=200 --prefix
