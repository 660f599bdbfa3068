#!/usr/bin/env bash
# preview.sh: create | destroy. A namespace of its own with the branch's image, and all of it away again.
set -euo pipefail
: "${SERVICE:?}" "${NAME:?}" "${BRANCH:?}" "${PHASE:?}" "${REGISTRY:?the address of your images}" "${DOMAIN:?of development environments}"
# Two services may have an environment of one name, and `shop` with `a-b` is another one than `shop-a` with `b`.
[[ $NAME =~ ^[a-z]([a-z0-9]|-[a-z0-9])*$ ]] || { echo "$NAME is no name of an environment. Nothing was done." >&2; exit 2; }
space=preview-$SERVICE--$NAME
host=$space.$DOMAIN

case $PHASE in
  create)
    kubectl create namespace "$space" --dry-run=client -o yaml | kubectl apply -f -
    tag=$(printf %s "$BRANCH" | tr / -)
    helm upgrade --install "$SERVICE" "charts/$SERVICE" --namespace "$space" --wait --timeout 20m \
      --set-string "image=$REGISTRY/$SERVICE:$tag" --set-string "host=$host"
    printf '{"url": "https://%s"}\n' "$host" >result.json
    ;;
  destroy) # harmless where there is nothing
    kubectl delete namespace "$space" --ignore-not-found --wait --timeout=20m
    echo '{}' >result.json
    ;;
  *) echo "There is no phase $PHASE. Nothing was done." >&2; exit 2 ;;
esac
