#!/usr/bin/env python3
"""A stand-in for the AWS command with an account in a file (AWS_STATE): what the library's scripts use of it.

Whoever is asked to create or delete an assignment says so at once; it happens after `takes` looks, or never (`fails`).
"""

import json
import os
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> int:
    file = Path(os.environ["AWS_STATE"])
    state = json.loads(file.read_text())
    verb = arguments[1]
    given = dict(zip(arguments[2::2], arguments[3::2], strict=True))
    state["calls"].append(verb)
    print(_do(state, verb, given))
    file.write_text(json.dumps(state))
    return 0


def _do(state: dict[str, Any], verb: str, given: dict[str, str]) -> str:
    assert given["--output"] == "text"
    match verb:
        case "list-users":
            return str(state["users"].get(given["--filters"].partition("AttributeValue=")[2], "None"))
        case "list-account-assignments":
            level = given["--permission-set-arn"]
            found = [who for who, what in state["assigned"] if what == level and f"'{who}'" in given["--query"]]
            return "\t".join(found)
        case "create-account-assignment" | "delete-account-assignment":
            state["asked"] = [verb.partition("-")[0], given["--principal-id"], given["--permission-set-arn"]]
            state["left"] = state["takes"]
            return "request-1"
        case "describe-account-assignment-creation-status" | "describe-account-assignment-deletion-status":
            return _status(state)
    raise SystemExit(f"aws {verb} is not known here")


def _status(state: dict[str, Any]) -> str:
    if state["left"] > 0:
        state["left"] -= 1
        return "IN_PROGRESS"
    if state["fails"]:
        return "FAILED"
    what, *one = state["asked"]
    state["assigned"] = [other for other in state["assigned"] if other != one] + ([one] if what == "create" else [])
    return "SUCCEEDED"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
