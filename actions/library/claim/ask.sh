#!/usr/bin/env bash
# ask.sh claim | report: one question to Daytwo, with a token that says which run of the CI system asks.
#
# Where it runs is told by variables: GitHub's for its OIDC tokens, or DAYTWO_TOKEN (GitLab's id_token, or the attempt's
# own). It needs bash, and curl or python3. It ends with 0 only if Daytwo said yes: no answer is a no.
# Which job asks, GitLab's CI_JOB_NAME says, or DAYTWO_JOB; and DAYTWO_START, which start of it, where no token does.
set -euo pipefail

verb=${1:?claim or report}
address=${DAYTWO:?the address of Daytwo} marker=${DAYTWO_MARKER:-${DAYTWO_RUN-}} audience=${DAYTWO_AUDIENCE:-${DAYTWO%/}}
until=$((SECONDS + ${DAYTWO_SECONDS:-300})) pause=2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
umask 077

end() { # end CODE MESSAGE…
  local code=$1
  shift
  if [ "$code" -ne 0 ]; then echo "::error title=Daytwo::$*" >&2; else echo "$*"; fi
  exit "$code"
}

[[ $marker =~ ^[a-z2-7]{20}$ ]] || end 1 "This run has no marker of Daytwo's in daytwo_run, so it was not started from there. Nothing was done. Start it from Daytwo, or leave this step out."

encoded() { # the audience as part of a query
  local text=$1 out= sign i
  for ((i = 0; i < ${#text}; i++)); do
    sign=${text:i:1}
    case $sign in [a-zA-Z0-9.~_-]) out+=$sign ;; *) out+=$(printf '%%%02X' "'$sign") ;; esac
  done
  printf %s "$out"
}

quoted() { # as part of a text in JSON
  local text=${1//[[:cntrl:]]/}
  text=${text//\\/\\\\}
  printf %s "${text//\"/\\\"}"
}

python=$(command -v python3 || command -v "${PYTHON-}" || true)
command -v curl >/dev/null || [ -n "$python" ] || end 1 "There is neither curl nor python3 on PATH, so Daytwo could not be asked. Nothing was done. Install one of them where this job runs (Debian: apt-get install curl), or choose an image that has one."

# Headers go by a file: what stands in arguments, every process of the machine can read.
exchange() { # exchange SECONDS HEADERS ANSWER ADDRESS [BODY]: prints the status; the answer is in a file; no redirection is followed
  if command -v curl >/dev/null; then
    curl -sS --max-time "$1" --max-redirs 0 -H @"$2" -o "$3" -w '%{http_code}' \
      ${5:+-H 'Content-Type: application/json' --data-binary @"$5"} "$4"
    return
  fi
  "$python" -c '
import signal, sys, urllib.error, urllib.request

seconds, headers, answer, address, *body = sys.argv[1:]
signal.alarm(int(seconds))


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


try:
    given = dict(line.split(": ", 1) for line in open(headers).read().split("\n") if line)
    data = open(body[0], "rb").read() if body else None
    asked = urllib.request.Request(address, data, given | ({"Content-Type": "application/json"} if body else {}))
    try:
        got = urllib.request.build_opener(Stay).open(asked)
    except urllib.error.HTTPError as no:
        got = no
    open(answer, "wb").write(got.read())
    print(got.status)
except OSError as error:
    sys.exit(f"python3: {error}")
except Exception as error:  # its text may show a header
    sys.exit(f"python3: {type(error).__name__}")
' "$@"
}

token() {
  if [ -n "${DAYTWO_TOKEN:-}" ]; then
    printf 'Authorization: Bearer %s\n' "$DAYTWO_TOKEN" >"$folder/headers"
    return
  fi
  [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || end 1 "This job may not have a token that says who it is, so nothing was done. Give it 'permissions: id-token: write'."
  printf 'Authorization: Bearer %s\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" >"$folder/request"
  local value
  exchange 20 "$folder/request" "$folder/token" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$(encoded "$audience")" >/dev/null || return 1
  value=$(sed -nE 's/.*"value" *: *"([A-Za-z0-9._-]+)".*/\1/p' "$folder/token") || return 1
  [ -n "$value" ] || return 1
  printf 'Authorization: Bearer %s\n' "$value" >"$folder/headers"
}

{
  printf '{"marker":"%s"' "$marker"
  if [ -n "${DAYTWO_EXECUTION:-}" ]; then printf ',"execution":"%s"' "${DAYTWO_EXECUTION//[^A-Za-z0-9._\/-]/_}"; fi
  if [ "$verb" = claim ]; then
    job=$(quoted "${DAYTWO_JOB:-${CI_JOB_NAME-}}") start=$(quoted "${DAYTWO_START-}")
    if [ -n "$job" ]; then printf ',"job":"%s"' "$job"; fi
    if [ -n "$start" ]; then printf ',"start":"%s"' "$start"; fi
  fi
  if [ "$verb" = report ]; then printf ',"outputs":%s' "${DAYTWO_OUTPUTS:?a JSON object}"; fi
  printf '}'
} >"$folder/body"

while :; do
  status=000
  if token; then
    status=$(exchange 30 "$folder/headers" "$folder/answer" "${address%/}/api/v1/ci/$verb" "$folder/body") || status=000
  fi
  said=$( { [ -f "$folder/answer" ] && head -c 4000 "$folder/answer" | tr -d '\r\n' | sed -nE 's/.*"detail" *: *"(([^"\\]|\\.)*)".*/\1/p'; } || true)
  case $status in
    200) end 0 "Daytwo: $([ "$verb" = claim ] && echo 'this run may work' || echo 'the results are kept')." ;;
    000 | 408 | 429 | 5??) ;; # nobody answered, or not now
    *) end 1 "Daytwo says no ($status): ${said:-no reason given}" ;;
  esac
  [ "$SECONDS" -lt "$until" ] || end 1 "Daytwo gave no answer within ${DAYTWO_SECONDS:-300} s (last: $status ${said-}). Without one nobody works, so this run ends."
  sleep "$pause"
  pause=$((pause < 20 ? pause * 2 : 20))
done
