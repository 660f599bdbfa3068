"""The yard's four repositories, with a pipeline for GitHub and for GitLab: python build.py OUT.

What is there already is left alone.
"""

import sys
from pathlib import Path

from daytwo_standins.github.testing import make_repository

PIPELINE = """\
name: Deploy
run-name: "Deploy ${{ inputs.version }} to ${{ inputs.environment }} ${{ inputs.note }} [${{ inputs.daytwo_run }}]"
on:
  workflow_dispatch:
    inputs:
      version: { type: string, required: true }
      environment: { type: choice, options: [staging, production], required: true }
      note: { type: string, required: false, default: "" }
      daytwo_run: { type: string, required: false, default: "" }
env:
  NOTE: ${{ inputs.note }}
  PLACE: ${{ vars.ENVIRONMENTS_ROOT }}
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: |
          mkdir -p "$PLACE"
          echo "$NOTE" >> "$PLACE/executed.txt"
          sleep 2
          echo "done $NOTE"
"""

STUBBORN = """\
      - if: contains(inputs.note, 'stubborn')
        run: sleep 120
      - if: always() && contains(inputs.note, 'stubborn')
        run: sleep 120 && echo "cleaned $NOTE" >> "$PLACE/executed.txt"
"""

RESULT = """\
      - run: echo '{"version":"1"}' > result.json
      - uses: actions/upload-artifact@v4
        with: {name: daytwo-result, path: result.json}
"""

GITLAB = """\
spec:
  inputs:
    version: {}
    environment: { options: [staging, production] }
    daytwo_run: { default: "" }
---
workflow:
  name: "Deploy $[[ inputs.version ]] to $[[ inputs.environment ]] [$[[ inputs.daytwo_run ]]]"
variables:
  note: { description: "A variable, in which every text arrives as it was typed", value: "" }
deploy:
  script: [echo done]
"""

for name in ("fast", "slow", "real", "bare"):
    path = Path(sys.argv[1]) / "acme" / name
    if not path.exists():
        pipeline = PIPELINE + STUBBORN + RESULT if name == "real" else PIPELINE
        make_repository(
            path,
            [
                (
                    {".github/workflows/deploy.yml": pipeline, ".gitlab-ci.yml": GITLAB, "version": "1.0.0\n"},
                    "1.0.0",
                ),
                ({"version": "1.1.0\n"}, "1.1.0"),
                ({"version": "1.2.0\n"}, "1.2.0"),
            ],
        )
