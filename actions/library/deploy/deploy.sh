#!/usr/bin/env bash
# deploy.sh: rolling | canary | blue-green | finish | back, with kubectl. Made for a Deployment SERVICE with a container of
# that name, and a Service SERVICE that selects `app: SERVICE`. A canary is a second Deployment with the same label, so that
# it gets its share of the requests by its share of the pods. A blue-green one has `app: SERVICE-next`, and gets none until
# the Service is switched to it, all at once; then what it stands beside is brought to the same version, and gets them back.
# What ran before a run of Daytwo's (RUN) is kept at the Deployment: tried again, or taken back, it is the same.
set -euo pipefail
: "${SERVICE:?}" "${ENVIRONMENT:?}" "${VERSION:?}" "${PHASE:?}" "${RUN:?}" "${REGISTRY:?the address of your images}"
image=$REGISTRY/$SERVICE:$VERSION
run() { kubectl --namespace "$ENVIRONMENT" "$@"; }

running() { run get deployment "$SERVICE" -o jsonpath='{.spec.template.spec.containers[0].image}'; }
before() { run get deployment "$SERVICE" -o jsonpath='{.metadata.annotations.daytwo-before}'; }

replace() { # replace IMAGE
  run set image "deployment/$SERVICE" "$SERVICE=$1"
  run rollout status "deployment/$SERVICE" --timeout=20m
}

forward() {
  local kept
  kept=$(before)
  if [ "${kept%% *}" != "$RUN" ]; then
    run annotate --overwrite "deployment/$SERVICE" "daytwo-before=$RUN $(running)"
  fi
  replace "$image"
}

to() { # to APP: whom the Service sends every request to, from one moment to the next
  run patch service "$SERVICE" --type=merge --patch "{\"spec\": {\"selector\": {\"app\": \"$1\"}}}"
}

selected() { run get service "$SERVICE" -o jsonpath='{.spec.selector.app}'; }

green() { # is there one that stands beside, for a switch?
  [ "$(run get deployment "$SERVICE-next" --ignore-not-found -o jsonpath='{.spec.template.metadata.labels.app}')" = "$SERVICE-next" ]
}

beside() { # beside LABEL REPLICAS: the new version in a Deployment of its own
  run get deployment "$SERVICE" -o json |
    jq --arg name "$SERVICE-next" --arg app "$1" --arg image "$image" --argjson replicas "$2" '
      {apiVersion, kind, metadata: {name: $name}, spec: (.spec
        | .replicas = $replicas
        | .selector.matchLabels = {app: $app, track: "next"}
        | .template.metadata.labels = {app: $app, track: "next"}
        | .template.spec.containers[0].image = $image)}' |
    run apply -f -
  run rollout status "deployment/$SERVICE-next" --timeout=20m
}

case $PHASE in
  rolling)
    forward
    ;;
  canary)
    pods=$(run get deployment "$SERVICE" -o jsonpath='{.spec.replicas}')
    beside "$SERVICE" $((pods * SHARE / 100 > 0 ? pods * SHARE / 100 : 1))
    ;;
  blue-green)
    beside "$SERVICE-next" "$(run get deployment "$SERVICE" -o jsonpath='{.spec.replicas}')"
    ;;
  finish)
    if green; then to "$SERVICE-next"; fi
    forward
    if [ "$(selected)" != "$SERVICE" ]; then to "$SERVICE"; fi
    run delete deployment "$SERVICE-next" --ignore-not-found
    ;;
  back) # harmless where little, or nothing, was done
    if ! green; then run delete deployment "$SERVICE-next" --ignore-not-found; fi # a canary gets requests: it goes first
    kept=$(before)
    if [ "${kept%% *}" = "$RUN" ] && [ "${kept#* }" != "$(running)" ]; then
      replace "${kept#* }"
    fi
    if [ "$(selected)" != "$SERVICE" ]; then to "$SERVICE"; fi
    run delete deployment "$SERVICE-next" --ignore-not-found
    ;;
  *) echo "There is no phase $PHASE. Nothing was done." >&2; exit 2 ;;
esac
