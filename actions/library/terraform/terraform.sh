#!/usr/bin/env bash
# terraform.sh: plan | apply. The plan's file is kept in a bucket; apply takes it from there and applies it only when it is,
# byte for byte, the one whose SHA-256 was approved. Terraform itself refuses a plan whose state has moved since.
# A plan's file may hold secrets: only this pipeline may read the bucket.
set -euo pipefail
: "${DIRECTORY:?}" "${COMMIT:?}" "${PHASE:?}" "${CONFIGURATION:?the repository with the configuration}" "${BUCKET:?as s3://plans}"
git clone --quiet "$CONFIGURATION" configuration
git -C configuration checkout --quiet "$COMMIT"
work=configuration/$DIRECTORY
terraform -chdir="$work" init -input=false -lockfile=readonly

case $PHASE in
  plan)
    code=0
    terraform -chdir="$work" plan -input=false -detailed-exitcode -out=plan.out || code=$?
    case $code in 0) changed=false ;; 2) changed=true ;; *) exit "$code" ;; esac # imports, moves and outputs count too
    sha256=$(sha256sum "$work/plan.out" | cut -d' ' -f1)
    plan=plans/$sha256
    aws s3 cp --only-show-errors "$work/plan.out" "$BUCKET/$plan"
    terraform -chdir="$work" show -json plan.out |
      jq --arg plan "$plan" --arg sha256 "$sha256" --argjson changed "$changed" '
        [.resource_changes[]?.change.actions] as $all
        | def count(what): [$all[] | select(index(what))] | length;
        {plan: $plan, sha256: $sha256, changed: $changed, adds: count("create"), changes: count("update"), destroys: count("delete")}' >result.json
    ;;
  apply)
    : "${PLAN:?}" "${SHA256:?}"
    aws s3 cp --only-show-errors "$BUCKET/$PLAN" "$work/plan.out"
    echo "$SHA256  $work/plan.out" | sha256sum --check --quiet || { echo "This is not the plan that was approved. Nothing was applied." >&2; exit 1; }
    terraform -chdir="$work" apply -input=false plan.out
    echo '{}' >result.json
    ;;
  *) echo "There is no phase $PHASE. Nothing was done." >&2; exit 2 ;;
esac
