#!/usr/bin/env bash
# collect.sh: the secrets of this step, once, each into a file of its own in the folder DAYTWO_SECRETS.
#
# Where it runs is told by variables, as with ask.sh of the claim. It needs bash, curl and base64. In GitHub Actions the log
# is told to mask them first, and the job gets SECRET_<NAME> as variables. Nothing that it prints holds a secret.
set -euo pipefail

address=${DAYTWO:?the address of Daytwo} marker=${DAYTWO_MARKER:-${DAYTWO_RUN-}} audience=${DAYTWO_AUDIENCE:-${DAYTWO%/}}
place=${DAYTWO_SECRETS:?a folder that only this job reads}
until=$((SECONDS + ${DAYTWO_SECONDS:-60})) pause=2
umask 077
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$place"

end() { # end CODE MESSAGE…
  local code=$1
  shift
  if [ "$code" -ne 0 ]; then echo "::error title=Daytwo::$*" >&2; else echo "$*"; fi
  exit "$code"
}

[[ $marker =~ ^[a-z2-7]{20}$ ]] || end 1 "This run has no marker of Daytwo's in daytwo_run, so it was not started from there. Nothing was collected. Start it from Daytwo."

encoded() { # the audience as part of a query
  local text=$1 out= sign i
  for ((i = 0; i < ${#text}; i++)); do
    sign=${text:i:1}
    case $sign in [a-zA-Z0-9.~_-]) out+=$sign ;; *) out+=$(printf '%%%02X' "'$sign") ;; esac
  done
  printf %s "$out"
}

for tool in curl base64; do
  command -v "$tool" >/dev/null || end 1 "There is no $tool on PATH, so the secrets could not be collected. Nothing was collected. Install it where this job runs (Debian: apt-get install curl coreutils), or choose an image that has it."
done

# Headers go by a file: what stands in arguments, every process of the machine can read.
token() {
  if [ -n "${DAYTWO_TOKEN:-}" ]; then
    printf 'Authorization: Bearer %s\n' "$DAYTWO_TOKEN" >"$folder/headers"
    return
  fi
  [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || end 1 "This job may not have a token that says who it is, so nothing was collected. Give it 'permissions: id-token: write'."
  printf 'Authorization: Bearer %s\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" >"$folder/request"
  local value
  value=$(curl -sS --max-time 20 -H @"$folder/request" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$(encoded "$audience")" | sed -nE 's/.*"value" *: *"([A-Za-z0-9._-]+)".*/\1/p') || return 1
  [ -n "$value" ] || return 1
  printf 'Authorization: Bearer %s\n' "$value" >"$folder/headers"
}

mask() { # mask FILE: every line of it, before anything else can print one
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    [ -z "$line" ] || printf '::add-mask::%s\n' "${line//%/%25}"
  done <"$1"
}

hand_over() { # what was answered, to the job
  local name value upper border count=0
  while read -r name value; do
    printf %s "$value" | base64 -d >"$place/$name"
    if [ -n "${GITHUB_ENV:-}" ]; then
      mask "$place/$name"
      upper=$(printf %s "$name" | tr '[:lower:]' '[:upper:]')
      border="daytwo-$RANDOM$RANDOM$RANDOM$RANDOM"
      {
        printf 'SECRET_%s<<%s\n' "$upper" "$border"
        cat "$place/$name"
        printf '\n%s\n' "$border"
      } >>"$GITHUB_ENV"
    fi
    count=$((count + 1))
  done < <(tr -d '\r\n' <"$folder/answer" | grep -oE '"name" *: *"[A-Za-z][A-Za-z0-9_]*" *, *"base64" *: *"[A-Za-z0-9+/=]*"' | sed -E 's/"name" *: *"([^"]*)" *, *"base64" *: *"([^"]*)"/\1 \2/')
  end 0 "Daytwo: secrets collected: $count."
}

{
  printf '{"marker":"%s"' "$marker"
  if [ -n "${DAYTWO_EXECUTION:-}" ]; then printf ',"execution":"%s"' "${DAYTWO_EXECUTION//[^A-Za-z0-9._\/-]/_}"; fi
  printf '}'
} >"$folder/body"

while :; do
  status=000
  if token; then
    status=$(curl -sS --max-time 30 --max-redirs 0 -o "$folder/answer" -w '%{http_code}' -X POST -H @"$folder/headers" \
      -H 'Content-Type: application/json' --data-binary @"$folder/body" "${address%/}/api/v1/ci/secrets") || status=000
  fi
  [ "$status" != 200 ] || hand_over
  said=$( { [ -f "$folder/answer" ] && head -c 4000 "$folder/answer" | tr -d '\r\n' | sed -nE 's/.*"detail" *: *"(([^"\\]|\\.)*)".*/\1/p'; } || true)
  case $status in
    000 | 408 | 429 | 5??) ;; # nobody answered, or not now; if the answer was lost on its way, the next one is a no
    *) end 1 "Daytwo says no ($status): ${said:-no reason given}" ;;
  esac
  [ "$SECONDS" -lt "$until" ] || end 1 "Daytwo gave no answer within ${DAYTWO_SECONDS:-60} s (last: $status ${said-}). Nothing was collected."
  sleep "$pause"
  pause=$((pause < 20 ? pause * 2 : 20))
done
