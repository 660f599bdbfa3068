#!/usr/bin/env bash
# scale.sh: scale | back. How many there were before a run of Daytwo's (RUN) is kept at the Deployment: tried again, or
# taken back, also after a failure half way, it is the same.
set -euo pipefail
: "${SERVICE:?}" "${ENVIRONMENT:?}" "${REPLICAS:?}" "${PHASE:?}" "${RUN:?}"
run() { kubectl --namespace "$ENVIRONMENT" "$@"; }

to() { # to COUNT
  run scale "deployment/$SERVICE" --replicas="$1"
  run rollout status "deployment/$SERVICE" --timeout=12m
}

kept=$(run get deployment "$SERVICE" -o jsonpath='{.metadata.annotations.daytwo-replicas}')
case $PHASE in
  scale)
    if [ "${kept%% *}" != "$RUN" ]; then
      run annotate --overwrite "deployment/$SERVICE" \
        "daytwo-replicas=$RUN $(run get deployment "$SERVICE" -o jsonpath='{.spec.replicas}')"
    fi
    to "$REPLICAS"
    ;;
  back) # harmless where nothing was done
    if [ "${kept%% *}" = "$RUN" ]; then to "${kept#* }"; fi
    ;;
  *) echo "There is no phase $PHASE. Nothing was done." >&2; exit 2 ;;
esac
