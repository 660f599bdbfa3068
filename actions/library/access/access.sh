#!/usr/bin/env bash
# access.sh: grant | revoke, of a PostgreSQL database or an AWS account. In a database each grant has its own role, so taking
# one back leaves the others; an account has one assignment for a person and a level. A role that is made here signs in by
# the identity of its person; no password is made or shown.
set -euo pipefail
: "${RESOURCE:?}" "${TYPE:?}" "${PERSON:?}" "${LEVEL:?}" "${GRANT:?}" "${PHASE:?}"
name=daytwo_$(printf %s "$GRANT" | tr 'A-Z-' 'a-z_')

in_database() { psql "service=$RESOURCE" --quiet --no-psqlrc --set ON_ERROR_STOP=1 --set role="$name" --set person="$PERSON" --set level="$LEVEL"; }

# --- AWS IAM Identity Center: it says at once that it has begun, and later what came of it ------------------------------

who() { # the id of the person; nothing where there is none
  local found
  found=$(aws identitystore list-users --identity-store-id "${STORE:?}" --filters "AttributePath=UserName,AttributeValue=$PERSON" \
    --query 'Users[0].UserId' --output text)
  [ "$found" = None ] || printf %s "$found"
}

level() { printf %s "${PERMISSION_SETS:?}/$LEVEL"; }

assigned() { # has this person this level there?
  local found
  found=$(aws sso-admin list-account-assignments --instance-arn "${INSTANCE:?}" --account-id "$RESOURCE" \
    --permission-set-arn "$(level)" --query "AccountAssignments[?PrincipalId=='$member'].PrincipalId" --output text) || exit 1
  [ -n "$found" ] && [ "$found" != None ]
}

assignment() { # assignment create|delete creation|deletion KEY: asked for, and waited for until it has happened
  local request status
  request=$(aws sso-admin "$1-account-assignment" --instance-arn "${INSTANCE:?}" --target-id "$RESOURCE" --target-type AWS_ACCOUNT \
    --permission-set-arn "$(level)" --principal-type USER --principal-id "$member" --query "$3.RequestId" --output text)
  for _ in $(seq "${LOOKS:-100}"); do
    status=$(aws sso-admin "describe-account-assignment-$2-status" --instance-arn "$INSTANCE" \
      --account-assignment-$2-request-id "$request" --query "$3.Status" --output text)
    case $status in
      SUCCEEDED) return 0 ;;
      FAILED) echo "AWS could not $1 it (request $request)." >&2; exit 1 ;;
    esac
    sleep "${BETWEEN:-5}"
  done
  echo "AWS has not said in time what came of it (request $request)." >&2
  exit 1
}

case $TYPE-$PHASE in
  database-grant)
    in_database <<'SQL'
SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT format('GRANT %I TO %I', CASE :'level' WHEN 'write' THEN 'pg_write_all_data' ELSE 'pg_read_all_data' END, :'role') \gexec
SELECT format('GRANT %I TO %I', :'role', :'person') \gexec
SQL
    ;;
  database-revoke) # harmless where there is nothing
    in_database <<'SQL'
SELECT format('DROP ROLE IF EXISTS %I', :'role') \gexec
SQL
    ;;
  cloud-grant)
    member=$(who)
    [ -n "$member" ] || { echo "Nobody in the identity store is called $PERSON. Nothing was given." >&2; exit 1; }
    assignment create creation AccountAssignmentCreationStatus
    ;;
  cloud-revoke) # nobody of that name, or nothing that was given: it is taken back already
    member=$(who)
    if [ -n "$member" ] && assigned; then
      assignment delete deletion AccountAssignmentDeletionStatus
      if assigned; then echo "AWS says that it was taken away, and it is still there." >&2; exit 1; fi
    fi
    ;;
  *) echo "There is no $PHASE of a $TYPE. Nothing was done." >&2; exit 2 ;;
esac
