#!/usr/bin/env bash
# scale.sh: so many instances. What there was before is the result, for the way back.
set -euo pipefail
: "${SERVICE:?}" "${ENVIRONMENT:?}" "${REPLICAS:?}"
run() { kubectl --namespace "$ENVIRONMENT" "$@"; }

before=$(run get deployment "$SERVICE" -o jsonpath='{.spec.replicas}')
printf '{"before": %d}\n' "$before" >result.json
run scale "deployment/$SERVICE" --replicas="$REPLICAS"
run rollout status "deployment/$SERVICE" --timeout=12m
