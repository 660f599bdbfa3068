"""Parameters that nobody sends by mistake: an answer that says what is wrong, never 500."""

import base64
import json
from typing import Final

import pytest
from api_house import House, problem

pytestmark = pytest.mark.anyio


def cursor(*place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


HUGE: Final = "9" * 30
PAGED: Final = (
    "/api/v1/runs",
    "/api/v1/approvals",
    "/api/v1/audit",
    "/api/v1/locks",
    "/api/v1/principals",
    "/api/v1/entities/service/shop/history",
)
CURSORS: Final = (
    "",
    "x",
    cursor("x", "y"),
    cursor("2026-01-01", "y"),
    cursor("x"),
    cursor(1),
    cursor("9" * 18),
    cursor("²"),
    cursor([]),
    cursor(),
)
CASES: Final = [
    *((path, {"cursor": value}) for path in PAGED for value in CURSORS),
    *((path, {"limit": value}) for path in PAGED for value in ("0", "201", HUGE, "x", "1.5")),
    *(("/api/v1/runs/RUN/logs", {name: value}) for name in ("after", "limit") for value in (HUGE, "-1", "2147483648")),
    *(("/api/v1/runs/RUN/logs", {"grep": value}) for value in ("%", "_", "\\", "(", "a" * 200, "a" * 201)),
    *(("/api/v1/runs", {name: "x" * 201}) for name in ("action", "entity", "state")),
    ("/api/v1/runs", {"state": "none"}),
    ("/api/v1/runs", {"mine": "perhaps"}),
    *(
        (path, {name: value})
        for path in ("/api/v1/runs", "/api/v1/runs/statistics")
        for name in ("since", "until")
        for value in ("yesterday", "2026-01-01T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", HUGE)
    ),
    *(("/api/v1/runs/statistics", {"zone": value}) for value in ("Nowhere/Else", "../../etc/passwd", "a\x00b", "")),
    *(("/api/v1/runs", {"requester": value}) for value in ("p_none", "person:none", "%", "a\x00b")),
    ("/api/v1/approvals", {"state": "none"}),
    ("/api/v1/actions", {"entity": "no:such:ref"}),
    ("/api/v1/actions", {"q": "%_\\", "tag": "'"}),
    *(
        (path, {name: value})
        for path in ("/api/v1/audit", "/api/v1/audit/export")
        for name in ("subject", "actor", "action", "run")
        for value in ("'; drop table audit; --", "%_\\*", "a\x00b")
    ),
    *(
        ("/api/v1/audit", {name: value})
        for name in ("since", "until")
        for value in ("yesterday", "2026-01-01T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", HUGE)
    ),
    *(("/api/v1/locks", {name: value}) for name in ("q", "run") for value in ("%_\\", "a\x00b", "x" * 201)),
    *(("/api/v1/locks/detail", {"key": value}) for value in ("", "a\x00b", "x" * 201)),
    ("/api/v1/audit/export", {"format": "xlsx"}),
    ("/api/v1/audit/export", {"after": HUGE}),
    (f"/api/v1/runs/{'r' * 5000}", {}),
    ("/api/v1/runs/RUN/events", {"after": HUGE}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "query"), CASES)
async def test_a_nasty_parameter_is_answered(shared: House, path: str, query: dict[str, str]) -> None:
    if "RUN" in path:
        path = path.replace("RUN", await a_run(shared))
    pat = await shared.signed_in("pat")
    answer = await pat.get(path, params=query)
    assert answer.status_code < 500, answer.text
    if answer.status_code != 200:
        problem(answer, answer.status_code)


async def a_run(house: House) -> str:
    """One run that has ended, the same for all."""
    kept = house.kept.get("run")
    if kept is None:
        run = await house.company.ask("ana", "1.1.0", "staging")
        await house.company.through(run)
        kept = house.kept["run"] = run
    return kept


@pytest.mark.parametrize("moment", ["0.5", "1700000000", "2026-01-31", "now"])
async def test_a_number_is_no_time(shared: House, moment: str) -> None:
    pat = await shared.signed_in("pat")
    for path in ("/api/v1/runs", "/api/v1/runs/statistics", "/api/v1/audit", "/api/v1/audit/export"):
        for name in ("since", "until"):
            problem(await pat.get(path, params={name: moment}), 422, "invalid-request")
        assert (await pat.get(path, params={"until": "2026-01-31T12:00:00+02:00"})).status_code == 200


async def test_a_number_is_no_yes_or_no(shared: House) -> None:
    run = await shared.company.ask("ana", "1.1.0", "staging")
    answer = await (await shared.signed_in("ana")).post(f"/api/v1/runs/{run}/cancel", json={"force": 0})
    assert [fault["pointer"] for fault in problem(answer, 422)["errors"]] == ["/force"]


async def test_what_an_address_takes_is_what_its_own_place_in_the_contract_says(shared: House) -> None:
    pat = await shared.signed_in("pat")
    answer = await pat.request("OPTIONS", "/api/v1/tokens/everybody")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert (await pat.request("OPTIONS", "/api/v1/tokens/t_1")).headers["Allow"] == "DELETE"
