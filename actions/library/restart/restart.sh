#!/usr/bin/env bash
# restart.sh: every pod anew, one after the other.
set -euo pipefail
: "${SERVICE:?}" "${ENVIRONMENT:?}"

kubectl --namespace "$ENVIRONMENT" rollout restart "deployment/$SERVICE"
kubectl --namespace "$ENVIRONMENT" rollout status "deployment/$SERVICE" --timeout=12m
