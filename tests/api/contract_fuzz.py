"""openapi.json under schemathesis: what it allows and what it does not, by an administrator and by somebody else.

Requests are made without the network, and each answer is held against the contract by every check of schemathesis that
looks at one answer. Its checks that send again by themselves have tests of their own: `test_token_attacks.py` (whether
authentication is ignored) and `test_authorisation.py` (objects of others). Generating takes long, so `make security`
runs this and `make test` does not: hence its name.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest
import requests
import schemathesis
from api_house import ORIGIN, House
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

from daytwo_api.openapi import document

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]
EXAMPLES: Final = 3  # of each operation, and as many that it does not allow
ENDLESS: Final = ("/api/v1/events", "/api/v1/runs/{run}/events")
# ignored_auth and use_after_free send requests of their own; the others here need chains of requests.
ELSEWHERE: Final = {"ignored_auth", "object_level_authorization", "use_after_free", "ensure_resource_availability"}
# A body can be as the schema says and still be refused (an id that names nothing, a rule over two fields).
NOT_PROMISED: Final = {"positive_data_acceptance"}


def requests_for(operation: Any) -> list[Case[Any]]:
    """The same ones each time."""
    found: list[Case[Any]] = []
    for mode in GenerationMode:

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def collect(case: Case[Any]) -> None:
            found.append(case)

        try:
            collect()
        except Unsatisfiable:  # a route that takes nothing cannot be asked wrongly
            assert mode is GenerationMode.NEGATIVE
    return found


async def sent(client: httpx.AsyncClient, case: Case[Any]) -> httpx.Response:
    made = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()
    headers = [(name, value) for name, value in (made.headers or {}).items() if name.lower() != "cookie"]
    raw = [(name.encode("latin-1", "replace"), str(value).encode("latin-1", "replace")) for name, value in headers]
    body: Any = made.body.encode() if isinstance(made.body, str) else made.body
    assert isinstance(made.url, str)
    return await client.request(str(made.method), made.url, headers=raw, content=body)


@pytest.mark.parametrize("name", ["pat", "ana"])
async def test_every_answer_is_as_the_contract_says(
    house: House, name: str, record_property: Callable[[str, object], None]
) -> None:
    load_all_checks()
    checks: list[Any] = [one for one in CHECKS.get_all() if one.__name__ not in ELSEWHERE | NOT_PROMISED]
    schema = schemathesis.openapi.from_dict(document())
    broken: Counter[str] = Counter()
    tried = 0
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    for operation in operations:
        if operation.path in ENDLESS:
            continue
        client = await house.signed_in(name)  # anew: ending sessions is one of the operations
        for case in requests_for(operation):
            answer = await sent(client, case)
            tried += 1
            try:
                case.validate_response(answer, checks=checks)
            except FailureGroup as failures:
                broken.update(f"{operation.label}: {one.title}: {one.message[:150]}" for one in failures.exceptions)
    record_property("inputs", tried)
    assert not broken, "\n".join(f"{count} x {what}" for what, count in sorted(broken.items()))
