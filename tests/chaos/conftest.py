"""One house for all tests of this folder: starting it costs more than most of them."""

import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest
from tests.chaos.harness import selection, sizes
from tests.chaos.harness.house import ChaosHouse
from tests.chaos.harness.person import Journal, Person
from tests.chaos.harness.stage import Stage, Watch
from tests.chaos.harness.yard import lay_out

OTHERS: Final = ("gitlab", "argo")
_SEED = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "short: a chaos test that runs by default")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    selection.choose(config, items)
    sizes.give_time([item for item in items if selection.HERE in item.path.parents])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.failed and _SEED in item.stash:
        report.sections.append(("again", selection.replay(item, item.stash[_SEED])))
    return report


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """The chance of one test; its seed is printed."""
    seed = request.node.stash[_SEED] = selection.seed_of(request.node)
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.fixture
def sized(request: pytest.FixtureRequest) -> sizes.Sized:
    """How much of something is played: `sized("R9", "runs", usual=40, asked=500)`."""
    return sizes.sized(request.node)


@pytest.fixture(scope="package")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaosHouse]:
    folder = tmp_path_factory.mktemp("chaos")
    yard = lay_out(folder / "yard", more=OTHERS)
    with ChaosHouse.plan(folder / "data", yard, systems=OTHERS) as house:
        yield house


@pytest.fixture(scope="package")
def _stage(shared_house: ChaosHouse) -> Iterator[Stage]:
    journal = Journal()
    people = [Person.sign_in(shared_house.page, name, journal) for name in ("ana", "ben", "sam")]
    with Watch.over(shared_house, journal, people) as watch:
        yield Stage(shared_house, journal, *people, watch=watch)
    for person in people:
        person.close()


@pytest.fixture
def stage(_stage: Stage) -> Iterator[Stage]:
    """Everything runs and nothing is broken, before and after."""
    _stage.house.calm()
    _stage.begin()
    yield _stage
    _stage.house.calm()


@pytest.fixture
def foreign() -> Iterator[tuple[str, list[str]]]:
    """Another host, and what it was sent."""
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(f"{self.path} {self.headers}")
            self.send_response(200)
            self.end_headers()

        do_GET = do_POST  # noqa: N815 - the base class's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", got
    server.shutdown()
    thread.join()
    server.server_close()
