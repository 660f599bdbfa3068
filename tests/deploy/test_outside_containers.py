"""What docker-compose.yml says is what works: its commands, environment and order, outside containers."""

import json
import urllib.request
from typing import Any

import pytest


@pytest.mark.timeout(300)
def test_the_processes_of_the_file_start_in_order_do_a_deploy_and_stop(outside: Any) -> None:
    order = outside.order({"standin"})
    for name in order:
        outside.start(name)
    once = [name for name in order if outside.service(name)["restart"].startswith("on-failure")]
    staying = [name for name in order if name not in once]
    assert sorted(once) == ["migrations", "repositories"]
    for name in staying:
        outside.wait_healthy(name)

    address = outside.environment("api")["DAYTWO_URL"]
    with urllib.request.urlopen(f"{address}/readyz") as answer:
        assert answer.status == 200
        assert json.load(answer)["ready"] is True

    assert outside.daytwo("login", "--as", "ana").returncode == 0
    wish = ["--entity", "service:shop", "--input", "version=1.1.0", "--input", "environment=environment:staging"]
    done = outside.daytwo("run", "deploy", *wish, "--yes", "--follow")
    assert done.returncode == 0, done.stdout + done.stderr + outside.log("worker")[-4000:]
    entity = json.loads(outside.daytwo("entities", "deployment:shop-staging", "--json").stdout)
    assert entity["properties"]["version"] == "1.1.0"

    assert {name: outside.stop(name) for name in reversed(staying)} == dict.fromkeys(staying, 0)
