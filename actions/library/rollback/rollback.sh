#!/usr/bin/env bash
# rollback.sh: an earlier version, at once. A canary that may be there goes first.
set -euo pipefail
: "${SERVICE:?}" "${ENVIRONMENT:?}" "${VERSION:?}" "${REGISTRY:?the address of your images}"
run() { kubectl --namespace "$ENVIRONMENT" "$@"; }

run delete deployment "$SERVICE-next" --ignore-not-found
run set image "deployment/$SERVICE" "$SERVICE=$REGISTRY/$SERVICE:$VERSION"
run rollout status "deployment/$SERVICE" --timeout=12m
