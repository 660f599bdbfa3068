#!/usr/bin/env bash
# access.sh: grant | revoke, of a PostgreSQL database or an AWS account. In a database each grant has its own role, so taking
# one back leaves the others; an account has one assignment for a person and a level. A role that is made here signs in by
# the identity of its person; no password is made or shown.
set -euo pipefail
: "${RESOURCE:?}" "${TYPE:?}" "${PERSON:?}" "${LEVEL:?}" "${GRANT:?}" "${PHASE:?}"
name=daytwo_$(printf %s "$GRANT" | tr 'A-Z-' 'a-z_')

in_database() { psql "service=$RESOURCE" --quiet --no-psqlrc --set ON_ERROR_STOP=1 --set role="$name" --set person="$PERSON" --set level="$LEVEL"; }

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
    member=$(aws identitystore list-users --identity-store-id "${STORE:?}" --filters "AttributePath=UserName,AttributeValue=$PERSON" --query 'Users[0].UserId' --output text)
    aws sso-admin create-account-assignment --instance-arn "${INSTANCE:?}" --target-id "$RESOURCE" --target-type AWS_ACCOUNT \
      --permission-set-arn "${PERMISSION_SETS:?}/$LEVEL" --principal-type USER --principal-id "$member"
    ;;
  cloud-revoke)
    member=$(aws identitystore list-users --identity-store-id "${STORE:?}" --filters "AttributePath=UserName,AttributeValue=$PERSON" --query 'Users[0].UserId' --output text)
    aws sso-admin delete-account-assignment --instance-arn "${INSTANCE:?}" --target-id "$RESOURCE" --target-type AWS_ACCOUNT \
      --permission-set-arn "${PERMISSION_SETS:?}/$LEVEL" --principal-type USER --principal-id "$member"
    ;;
  *) echo "There is no $PHASE of a $TYPE. Nothing was done." >&2; exit 2 ;;
esac
