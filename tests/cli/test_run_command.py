"""`daytwo run`: what is missing is asked for by the form's own words, and nothing is started unseen."""

from pathlib import Path
from typing import Any

import pytest

from daytwo_cli.exits import Exit

ACTION: dict[str, Any] = {
    "name": "deploy",
    "title": "Deploy a service",
    "description": "",
    "tags": [],
    "owner": None,
    "operation": "day-2",
    "target_kind": "service",
    "may_run": {"allowed": True},
    "runners": "the owner of the service",
    "version": "v" * 64,
    "steps": ["ship"],
    "undoable": True,
    "break_glass": None,
}
PLAN: dict[str, Any] = {
    "digest": "a" * 64,
    "document": {},
    "requests": [
        {
            "step": "ship",
            "connection": "github",
            "backend": "github",
            "project": "acme/shop",
            "pipeline": "deploy.yml",
            "ref": "main",
            "commit": "c" * 40,
            "inputs": {"version": "1.1.0"},
            "packed": ["version"],
            "packing": "The input version goes as JSON.",
            "held": None,
            "loose": None,
        }
    ],
    "approvals": [
        {"needed_from": ["group:sre"], "count": 1, "expires_in": 86400, "who": "one of group:sre", "terms": []}
    ],
    "lock": {
        "key": "shop/production",
        "keys": [
            {
                "key": "shop/production",
                "held": True,
                "held_by_run": None,
                "hold": None,
                "next_hold": None,
                "since": None,
                "fence": 3,
                "queued": 2,
                "text": "held by another run",
            }
        ],
        "queue": "fifo",
        "held": True,
        "held_by_run": None,
        "queued": 2,
        "expected_at": None,
    },
    "changes": [
        {
            "entity": "deployment:shop-production",
            "before": {"properties": {"version": "1.0.0"}},
            "after": {"properties": {"version": "1.1.0"}},
        }
    ],
    "previous_run": "r_0",
    "differences": [{"field": "version", "before": "1.0.0", "after": "1.1.0"}],
    "starts": "as soon as it is approved",
    "undoable": True,
}
ACCEPTED = {"id": "r_1", "state": "accepted", "repeated": False, "url": "http://x/runs/r_1"}
FIELDS: dict[str, Any] = {
    "version": {"type": "string", "title": "Version", "description": "A tag."},
    "environment": {"type": "string", "title": "Environment"},
    "replicas": {"type": "integer", "title": "Replicas"},
    "graceful": {"type": "boolean", "title": "Graceful"},
    "reason": {"type": "string", "title": "Reason"},
    "token": {"type": "string", "title": "Token", "writeOnly": True},
}
ENVIRONMENTS = [
    {"const": "environment:staging", "title": "Staging"},
    {"const": "environment:production", "title": "Live"},
]


@pytest.fixture
def form(server: Any, reply: Any) -> dict[str, Any]:
    """A server with the action; the form keeps what is answered, and demands what `required` names."""
    state: dict[str, Any] = {"required": ["version"], "fields": ["version"], "errors": {}, "remote": [], "oneOf": {}}

    def resolve(asked: Any) -> Any:
        shown = [name for name in state["fields"] if "writeOnly" not in FIELDS[name]]
        answers = {name: value for name, value in asked.body["answers"].items() if name in shown}
        properties = {name: {**FIELDS[name], **state["oneOf"].get(name, {})} for name in state["fields"]}
        errors = [
            {"pointer": f"/{name}", "detail": words}
            for name, (wrong, words) in state["errors"].items()
            if asked.body["answers"].get(name) == wrong
        ]
        page = {
            "title": "What",
            "form_schema": {"type": "object", "properties": properties, "required": state["required"]},
            "ui": {name: {"ui:options": {"remote": True}} for name in state["remote"]},
        }
        document = {
            "action": "deploy",
            "version": "v" * 64,
            "entity": asked.body["entity"],
            "pages": [page],
            "data": answers,
            "errors": errors,
            "warnings": [],
        }
        return reply(json=document)

    server.on("GET", "/actions/deploy", ACTION)
    server.on("POST", "/actions/deploy/form", resolve)
    server.on("POST", "/actions/deploy/plan", PLAN)
    server.on("POST", "/actions/deploy/runs", ACCEPTED)
    return state


def started(server: Any) -> list[dict[str, Any]]:
    return [body["inputs"] for body in server.bodies("/actions/deploy/runs")]


def test_everything_given(cli: Any, server: Any, form: dict[str, Any]) -> None:
    done = cli("run", "deploy", "--entity", "service:shop", "-i", "version=1.10", "--yes")
    assert (done.code, done.out) == (0, "r_1\n")
    assert started(server) == [{"version": "1.10"}]
    assert server.bodies("/actions/deploy/runs")[0]["version"] == "v" * 64
    assert server.bodies("/actions/deploy/plan") == []


def test_text_becomes_what_the_field_wants(cli: Any, server: Any, form: dict[str, Any]) -> None:
    form["fields"] = ["version", "replicas", "graceful"]
    arguments = ["-i", "version=3", "-i", "replicas=3", "-i", "graceful=yes"]
    assert cli("run", "deploy", "--entity", "service:shop", *arguments, "--yes").code == 0
    assert started(server) == [{"version": "3", "replicas": 3, "graceful": True}]


def test_answers_from_a_file(cli: Any, server: Any, form: dict[str, Any], tmp_path: Path) -> None:
    form["fields"] = ["version", "replicas"]
    file = tmp_path / "answers.yaml"
    file.write_text("version: 1.10\nreplicas: 2\n")
    assert cli("run", "deploy", "--entity", "service:shop", "--file", str(file), "-i", "replicas=4", "--yes").code == 0
    assert started(server) == [{"version": "1.10", "replicas": 4}]


def test_a_secret_comes_from_a_file_and_never_from_the_command_line(
    cli: Any, server: Any, form: dict[str, Any], tmp_path: Path
) -> None:
    form.update(fields=["version", "token"], required=["version", "token"])
    file = tmp_path / "token"
    file.write_text("correct horse\n")
    given = ("run", "deploy", "--entity", "service:shop", "-i", "version=1", "--yes")
    done = cli(*given, "-i", "token=correct horse")
    assert done.code == Exit.USAGE
    assert "--secret token=FILE" in done.err
    assert "correct horse" not in done.err
    assert "(--secret token=FILE)" in cli(*given).err, "what is missing says how it is given"
    assert cli(*given, "--secret", "token").code == Exit.USAGE
    assert cli(*given, "--secret", f"token={tmp_path / 'none'}").code == Exit.USAGE
    assert started(server) == []
    done = cli(*given, "--secret", f"token={file}")
    assert (done.code, started(server)) == (0, [{"version": "1", "token": "correct horse"}])
    assert "correct horse" not in done.out + done.err


def test_a_credential_is_set_from_a_file(cli: Any, server: Any, reply: Any, tmp_path: Path) -> None:
    server.on("PUT", "/credentials/github", reply(status=204))
    assert cli("connections", "credential", "set", "github").code == Exit.USAGE, "there is nobody to ask"
    file = tmp_path / "token"
    file.write_text("ghp_of_the_bot\n")
    done = cli("connections", "credential", "set", "github", "--file", str(file))
    assert done.code == 0, done.err
    assert server.bodies("/credentials/github") == [{"credential": "ghp_of_the_bot"}]
    assert "ghp_of_the_bot" not in done.out + done.err


def test_a_script_is_told_everything_that_is_missing_or_wrong(cli: Any, server: Any, form: dict[str, Any]) -> None:
    form.update(fields=["version", "environment"], required=["version", "environment"])
    form["errors"] = {"version": ("9.9", "Version: this is not one of the choices")}
    done = cli("run", "deploy", "--entity", "service:shop", "-i", "version=9.9", "--yes")
    assert done.code == Exit.USAGE
    assert "Version: this is not one of the choices  (--input version=…)" in done.err
    assert "Environment is required  (--input environment=…)" in done.err
    assert started(server) == []


def test_a_field_that_does_not_exist(cli: Any, server: Any, form: dict[str, Any]) -> None:
    form["errors"] = {"versio": ("1", "The form has no field `versio`. Did you mean `version`?")}
    done = cli("run", "deploy", "--entity", "service:shop", "-i", "versio=1", "-i", "version=1", typed=[])
    assert done.code == Exit.USAGE
    assert "Did you mean `version`?" in done.err


def test_without_a_terminal_nothing_is_started_unseen(cli: Any, server: Any, form: dict[str, Any]) -> None:
    done = cli("run", "deploy", "--entity", "service:shop", "-i", "version=1")
    assert done.code == Exit.USAGE
    assert "--yes" in done.err
    assert server.asked == []


def test_without_a_terminal_the_entity_has_to_be_named(cli: Any, form: dict[str, Any]) -> None:
    done = cli("run", "deploy", "-i", "version=1", "--yes")
    assert done.code == Exit.USAGE
    assert "--entity service:NAME" in done.err


def test_what_is_missing_is_asked_for_with_choices(cli: Any, server: Any, form: dict[str, Any]) -> None:
    form.update(fields=["version", "environment"], required=["version", "environment"])
    form["oneOf"] = {"environment": {"oneOf": ENVIRONMENTS}}
    done = cli("run", "deploy", "--entity", "service:shop", typed=["1.1.0", "2", "", "y"])
    assert done.code == 0
    assert started(server) == [{"version": "1.1.0", "environment": "environment:production"}]
    assert "Version: A tag." in done.err
    assert "   2  Live (environment:production)" in done.err


def test_the_plan_is_shown_before_it_starts(cli: Any, server: Any, form: dict[str, Any]) -> None:
    done = cli("run", "deploy", "--entity", "service:shop", "-i", "version=1.1.0", typed=["", "n"])
    assert done.code == Exit.CANCELLED
    assert started(server) == []
    for words in (
        "github runs deploy.yml of acme/shop at main (cccccccccccc) with version=1.1.0",
        "The input version goes as JSON.",
        "needs the approval of one of group:sre, within 24 h 0 min",
        "takes the lock shop/production, now held by another run, 2 waiting",
        "deployment:shop-production  properties.version: 1.0.0 → 1.1.0",
        "other than in r_0: version: 1.0.0 → 1.1.0",
        "as soon as it is approved",
    ):
        assert words in done.err


def test_why_it_cannot_be_undone_is_told_before_it_starts(cli: Any, server: Any, form: dict[str, Any]) -> None:
    why = "The action does not say how it is undone."
    server.on("POST", "/actions/deploy/plan", PLAN | {"undoable": False, "why_not_undoable": why})
    done = cli("run", "deploy", "--entity", "service:shop", "-i", "version=1.1.0", typed=["", "n"])
    assert f"cannot be undone by one command. {why}" in done.err


def test_many_choices_are_searched_on_the_server(cli: Any, server: Any, reply: Any, form: dict[str, Any]) -> None:
    form["remote"] = ["version"]

    def options(asked: Any) -> Any:
        found = [f"1.{n}.0" for n in range(40) if asked.body["search"] in f"1.{n}.0"]
        return reply(json={"options": [{"value": each, "title": each} for each in found], "next_cursor": None})

    server.on("POST", "/actions/deploy/options/version", options)
    done = cli("run", "deploy", "--entity", "service:shop", typed=["1.3", "1.39.0", "", "y"])
    assert done.code == 0
    assert "and more: type a part of it" in done.err
    assert "nothing" not in [body["search"] for body in server.bodies("/actions/deploy/options/version")]
    done = cli("run", "deploy", "--entity", "service:shop", typed=["nothing", "1.38", "", "y"])
    assert "Nothing is offered for 'nothing'." in done.err
    assert "→ 1.38.0" in done.err
    assert started(server) == [{"version": "1.39.0"}, {"version": "1.38.0"}]


def test_a_wrong_answer_is_asked_again(cli: Any, server: Any, form: dict[str, Any]) -> None:
    form["errors"] = {"version": ("x", "Version must look like 1.2.3")}
    done = cli("run", "deploy", "--entity", "service:shop", typed=["x", "1.1.0", "", "y"])
    assert done.code == 0
    assert started(server) == [{"version": "1.1.0"}]
    assert "Version must look like 1.2.3" in done.err


def test_optional_fields_may_be_skipped(cli: Any, server: Any, form: dict[str, Any]) -> None:
    form["fields"] = ["version", "reason"]
    assert cli("run", "deploy", "--entity", "service:shop", typed=["1.1.0", "", "", "y"]).code == 0
    assert cli("run", "deploy", "--entity", "service:shop", typed=["1.1.0", "because", "", "y"]).code == 0
    assert started(server) == [{"version": "1.1.0"}, {"version": "1.1.0", "reason": "because"}]


def test_the_entity_is_asked_for(cli: Any, server: Any, form: dict[str, Any]) -> None:
    shop = {"ref": "service:shop", "kind": "service", "name": "shop", "title": "Shop", "owner": None}
    server.on("POST", "/entities/search", {"items": [shop], "next_cursor": None})
    assert cli("run", "deploy", "-i", "version=1", typed=["1", "", "y"]).code == 0
    assert server.bodies("/actions/deploy/runs")[0]["entity"] == "service:shop"


def test_the_end_of_input_sends_nothing(cli: Any, server: Any, form: dict[str, Any]) -> None:
    done = cli("run", "deploy", "--entity", "service:shop", typed=[])
    assert done.code == Exit.INTERRUPTED
    assert started(server) == []


def test_why_is_asked_when_somebody_has_to_agree(cli: Any, server: Any, form: dict[str, Any]) -> None:
    assert cli("run", "deploy", "--entity", "service:shop", "-i", "version=1", typed=["customers wait", "y"]).code == 0
    arguments = ["--reason", "said before"]
    assert cli("run", "deploy", "--entity", "service:shop", "-i", "version=1", *arguments, typed=["y"]).code == 0
    server.on("POST", "/actions/deploy/plan", {**PLAN, "approvals": []})
    assert cli("run", "deploy", "--entity", "service:shop", "-i", "version=1", typed=["y"]).code == 0
    assert [body["comment"] for body in server.bodies("/actions/deploy/runs")] == ["customers wait", "said before", ""]


def test_one_key_for_all_tries(cli: Any, server: Any, refuse: Any, form: dict[str, Any]) -> None:
    server.on("POST", "/actions/deploy/runs", refuse(503, "unavailable", "Later."), ACCEPTED)
    assert cli("run", "deploy", "--entity", "service:shop", "-i", "version=1", "--yes").code == 0
    keys = [one.headers["idempotency-key"] for one in server.asked if one.path.endswith("/runs")]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert cli("run", "deploy", "--entity", "service:shop", "-i", "version=1", "--yes", "--key", "my-own-key").code == 0
    assert server.asked[-1].headers["idempotency-key"] == "my-own-key"


def test_faults_carry_the_titles_of_the_form(cli: Any, server: Any, refuse: Any, form: dict[str, Any]) -> None:
    no = refuse(
        422, "rejected", "The inputs were refused; nothing was started.", [("/inputs/version", "is gone by now")]
    )
    server.on("POST", "/actions/deploy/runs", no)
    done = cli("run", "deploy", "--entity", "service:shop", "-i", "version=1", "--yes")
    assert done.code == Exit.REFUSED
    assert "  Version: is gone by now" in done.err


def test_json(cli: Any, form: dict[str, Any]) -> None:
    assert cli("run", "deploy", "--entity", "service:shop", "-i", "version=1", "--yes", "--json").json == ACCEPTED
