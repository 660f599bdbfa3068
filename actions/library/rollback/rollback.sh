#!/usr/bin/env bash
# rollback.sh: an earlier version, at once. A canary that may be there goes first; a blue-green deploy that was left half
# done goes when the requests are back where they belong.
set -euo pipefail
: "${SERVICE:?}" "${ENVIRONMENT:?}" "${VERSION:?}" "${REGISTRY:?the address of your images}"
run() { kubectl --namespace "$ENVIRONMENT" "$@"; }

selected=$(run get service "$SERVICE" -o jsonpath='{.spec.selector.app}')
if [ "$selected" = "$SERVICE" ]; then run delete deployment "$SERVICE-next" --ignore-not-found; fi
run set image "deployment/$SERVICE" "$SERVICE=$REGISTRY/$SERVICE:$VERSION"
run rollout status "deployment/$SERVICE" --timeout=12m
if [ "$selected" != "$SERVICE" ]; then
  run patch service "$SERVICE" --type=merge --patch "{\"spec\": {\"selector\": {\"app\": \"$SERVICE\"}}}"
  run delete deployment "$SERVICE-next" --ignore-not-found
fi
