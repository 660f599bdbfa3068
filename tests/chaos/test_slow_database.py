"""R47: every statement of the API takes ten seconds. It lives, says so to whom it has no connection for, and the
worker, which has connections of its own, goes on dispatching."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from tests.chaos.harness.house import API, until
from tests.chaos.harness.stage import Stage

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
EACH_WAY = 5.0  # seconds that what is said is late, there and back
AT_ONCE = 80  # more than there are connections to the database
ALIVE = 2.0  # seconds within which a probe is answered


def test_while_every_statement_of_the_api_takes_ten_seconds(stage: Stage) -> None:
    house = stage.house
    [run] = stage.ask("slow", ["r47"])
    stage.wait_dispatched("r47")
    headers = {"Authorization": stage.ana.authorization}

    def ask(_: int) -> httpx.Response:
        return httpx.get(f"{house.page}/api/v1/runs", headers=headers, timeout=400, trust_env=False)

    house.proxies[API].slow = EACH_WAY
    with ThreadPoolExecutor(AT_ONCE) as people:
        asked = [people.submit(ask, number) for number in range(AT_ONCE)]
        time.sleep(2)
        for _ in range(10):
            began = time.monotonic()
            assert httpx.get(f"{house.page}/livez", timeout=30, trust_env=False).is_success
            assert time.monotonic() - began < ALIVE
        stage.finish("r47")
        until(lambda: _state(house.database_url, run) == "succeeded", "the worker to end the run", seconds=120)
        assert not all(one.done() for one in asked), "and that was while they waited"
        answers = [one.result() for one in asked]
    house.proxies[API].slow = 0.0
    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) <= {200, 503}, counted
    assert counted[503] > 0
    for answer in answers:
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.json()["type"] == "unavailable"
    house.wait_ready(seconds=30)
    assert stage.judged().run(run)["state"] == "succeeded"


def _state(url: str, run: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT state FROM run WHERE id = %s", [run]).fetchone()
    assert row is not None
    return str(row[0])
