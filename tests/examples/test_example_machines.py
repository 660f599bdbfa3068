"""The servers: they keep their applications running, and take them along when they end."""

import json
import os
import signal
import socket
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from daytwo_standins.machines.config import EnvironmentName, MachinesConfig, ServiceName, load_config
from daytwo_standins.machines.errors import ConfigRejected, ReleaseMissing
from daytwo_standins.machines.layout import Place
from daytwo_standins.machines.prepare import install, point_at, prepare
from daytwo_standins.machines.testing import MachinesDidNotStart, RunningMachines, start_machines
from daytwo_standins.machines.variables import variables
from daytwo_standins.machines.wish import Wish, read_wish

SHOP = ServiceName("shop")
Eventually = Callable[[Callable[[], object], str], None]


def events(machines: RunningMachines) -> list[dict[str, Any]]:
    return [json.loads(line) for line in machines.events.read_text().splitlines()]


def test_the_ready_line_says_what_answers_where(acme: Any, machines: RunningMachines) -> None:
    assert machines.ready["ready"] is True
    assert machines.ready["pid"] == machines.process.pid
    (application,) = machines.ready["applications"]
    assert application == {
        "environment": "staging",
        "service": "shop",
        "version": "1.0.0",
        "url": f"http://127.0.0.1:{acme.port}",
        "pid": acme.version()["pid"],
        "answers": True,
    }


@pytest.mark.usefixtures("machines")
def test_a_moved_link_brings_the_other_release(acme: Any, eventually: Eventually) -> None:
    install(acme.place, acme.repositories / "shop", version="1.1.0")
    assert acme.version()["version"] == "1.0.0", "installing alone changes nothing"
    point_at(acme.place, "1.1.0")
    eventually(lambda: acme.version().get("version") == "1.1.0", "1.1.0 answers")


@pytest.mark.usefixtures("machines")
def test_as_many_processes_answer_as_the_place_wishes(acme: Any, eventually: Eventually) -> None:
    first = acme.version()["instance"]

    def instances() -> set[str | None]:
        return {acme.version().get("instance") for _ in range(40)}  # None: one that was just ending

    (acme.place.folder / "scale").write_text("3\n")
    eventually(lambda: len(instances()) == 3, "three answer")
    assert first in instances(), "what ran was left alone"
    (acme.place.folder / "scale").write_text("1\n")
    eventually(lambda: instances() == {first}, "the first one alone answers")


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize("nonsense", ["", "0", "five", "5"])
def test_a_typing_error_in_the_scale_stops_no_machine(acme: Any, nonsense: str) -> None:
    acme.place.scale.write_text(nonsense)
    assert acme.place.processes() == 1
    assert read_wish(acme.place).release is not None


def test_what_dies_is_started_again_and_waited_for_longer_each_time(acme: Any, eventually: Eventually) -> None:
    never_healthy = acme.config.timing.model_copy(update={"healthy_after": timedelta(hours=1)})

    def answers_after(dead: int) -> bool:
        return bool(acme.version().get("pid", dead) != dead)

    with start_machines(acme.root, acme.config.model_copy(update={"timing": never_healthy})) as machines:
        for _ in range(2):
            pid = acme.version()["pid"]
            os.kill(pid, signal.SIGKILL)
            eventually(partial(answers_after, pid), "another process answers")
        deaths = [event for event in events(machines) if event["event"] == "died"]
    assert [(death["code"], death["next_start_in"]) for death in deaths] == [(-9, 0.2), (-9, 0.4)]


def test_a_repaired_release_starts_without_waiting_for_the_backoff(
    tmp_path: Path, acme: Any, eventually: Eventually
) -> None:
    settings = acme.place.settings.read_text()
    acme.place.settings.write_text("")  # 1.0.0 cannot start without CURRENCY
    patient = acme.config.timing.model_copy(
        update={
            "first_backoff": timedelta(minutes=5),
            "longest_backoff": timedelta(minutes=5),
            "ready_within": timedelta(seconds=0.5),
        }
    )
    with start_machines(acme.root, acme.config.model_copy(update={"timing": patient})) as machines:
        assert machines.ready["ready"] is False
        eventually(lambda: [one for one in events(machines) if one["event"] == "died"], "it died")
        assert "CURRENCY is missing" in acme.place.log.read_text()
        acme.place.settings.write_text(settings)
        acme.place.restart.write_text("graceful")
        eventually(acme.version, "it answers")


def test_a_place_without_a_release_waits_for_one(acme: Any, eventually: Eventually) -> None:
    acme.place.current.unlink()
    with start_machines(acme.root, acme.config) as machines:
        (application,) = machines.ready["applications"]
        assert (application["version"], application["answers"]) == (None, False)
        point_at(acme.place, "1.0.0")
        eventually(acme.version, "it answers")


def test_asked_to_end_it_lets_its_applications_finish(acme: Any, machines: RunningMachines) -> None:
    assert machines.stop() == 0
    assert acme.version() == {}
    (stopped,) = [event for event in events(machines) if event["event"] == "stopped"]
    assert stopped["code"] == 0, "SIGTERM, not SIGKILL"


def test_killed_it_takes_its_applications_along(acme: Any, machines: RunningMachines, eventually: Eventually) -> None:
    pid = acme.version()["pid"]
    machines.kill()
    eventually(lambda: not psutil.pid_exists(pid), "the application is gone")
    with start_machines(acme.root, acme.config) as again:
        assert again.ready["ready"] is True, "neither the port nor the folder is blocked"


@pytest.mark.usefixtures("machines")
def test_one_folder_has_one_keeper(acme: Any) -> None:
    with (
        pytest.raises(MachinesDidNotStart, match="another machines process keeps"),
        start_machines(acme.root, acme.config),
    ):
        pass
    assert acme.version(), "the first one is not disturbed"


def test_a_taken_port_is_named_before_anything_starts(acme: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", acme.port))
        taken.listen()
        refused = pytest.raises(MachinesDidNotStart, match=f"port {acme.port} of shop in staging is in use")
        with refused, start_machines(acme.root, acme.config):
            pass


def test_preparing_twice_leaves_what_is_there(acme: Any) -> None:
    install(acme.place, acme.repositories / "shop", version="1.1.0")
    point_at(acme.place, "1.1.0")
    acme.place.settings.write_text("CURRENCY=CHF\n")
    assert prepare(acme.root, {SHOP: acme.repositories / "shop"}, config=acme.config) == []
    assert acme.place.running().name == "1.1.0"
    assert acme.place.settings.read_text() == "CURRENCY=CHF\n"


def test_preparing_what_does_not_exist_says_so_and_leaves_nothing(tmp_path: Path, acme: Any) -> None:
    root = tmp_path / "new"
    with pytest.raises(ReleaseMissing, match=r"version 9\.9\.9 could not be installed from"):
        prepare(root, {SHOP: acme.repositories / "shop"}, config=acme.config, version="9.9.9")
    with pytest.raises(ReleaseMissing, match="no repository was given"):
        prepare(root, {}, config=acme.config)
    assert list(root.rglob("releases/*")) == []


def test_the_example_configuration_loads_and_gives_the_variables(examples: Path, tmp_path: Path) -> None:
    config = load_config(examples / "machines.yaml")
    given = variables(tmp_path, SHOP, config=config)
    assert json.loads(given["PORTS"]) == {"staging": 18110, "production": 18120}
    assert given["ENVIRONMENTS_ROOT"] == str(tmp_path.resolve())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("environments: {staging: {shop: {port: 1}, billing: {port: 1}}}", "given twice: [1]"),
        ("environments: {staging: {shop: {port: 0}}}", "environments.staging.shop.port"),
        ("environments: {staging: {shop: {port: 1, prot: 2}}}", "environments.staging.shop.prot"),
        ("environments: {../etc: {shop: {port: 1}}}", "should match pattern"),
        ('environments: {staging: {shop: {port: 1, settings: {A: "b\\nC=d"}}}}', "should match pattern"),
        ("environments: {}\ntiming: {poll_every: 0}", "poll_every is at least"),
        ("environments: [", "while parsing"),
    ],
)
def test_a_bad_configuration_is_refused_with_the_place(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "machines.yaml"
    file.write_text(text)
    with pytest.raises(ConfigRejected) as refused:
        load_config(file)
    assert reason in str(refused.value)


def test_a_missing_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigRejected, match="No such file"):
        load_config(tmp_path / "none.yaml")


def test_wishes_differ_when_something_has_to_start(tmp_path: Path) -> None:
    place = Place(tmp_path, EnvironmentName("staging"), SHOP)
    place.release("1.0.0").mkdir(parents=True)
    nothing = read_wish(place)
    assert nothing == Wish(None, None)
    point_at(place, "1.0.0")
    running = read_wish(place)
    assert running.release == place.release("1.0.0").resolve()
    place.restart.write_text("now\n")
    at_once = read_wish(place)
    assert at_once != running
    assert at_once.stops_at_once(running)
    assert not at_once.stops_at_once(at_once), "an old request does not make the next switch abrupt"


def test_the_configuration_can_be_handed_over_as_json(config: MachinesConfig, tmp_path: Path) -> None:
    file = tmp_path / "machines.json"
    file.write_text(config.model_dump_json())
    assert load_config(file) == config
