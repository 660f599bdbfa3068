"""Loading a company into the database: again and again, and beside what runs write."""

from pathlib import Path

import anyio
import pytest

from daytwo_catalog.errors import CatalogRejected, EntityRejected, NoSuchEntity
from daytwo_catalog.groups import groups_of, people
from daytwo_catalog.ingest import Ingested, ingest
from daytwo_catalog.load import read_company
from daytwo_catalog.model import Draft, Entity
from daytwo_catalog.visibility import see, visible, without
from daytwo_catalog.write import EntityWrite, apply, preview
from daytwo_store import entities, kinds
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.entity_history import history
from daytwo_store.ids import EntityRef, RunId

pytestmark = pytest.mark.anyio

EXAMPLES = Path(__file__).parents[2] / "examples"
KINDS = """\
apiVersion: daytwo/v1
kind: Kind
metadata: { name: group }
spec: { schema: { type: object } }
---
apiVersion: daytwo/v1
kind: Kind
metadata: { name: deployment }
spec:
  schema:
    type: object
    additionalProperties: false
    properties: { version: { type: string }, url: { type: string } }
  relations: { of: { kind: deployment, many: true } }
"""
RUN = RunId("r_1")
REF = EntityRef("deployment:shop")


class Files:
    """A company folder that a test edits and loads."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        (folder / "kinds.yaml").write_text(KINDS)

    def entity(
        self, name: str, *, title: str = "Shop", kind: str = "deployment", more: str = "", **spec: object
    ) -> None:
        (self.folder / f"{name}.yaml").write_text(
            f"apiVersion: daytwo/v1\nkind: Entity\nmetadata: {{ kind: {kind}, name: {name}, title: {title}{more} }}\n"
            f"spec: {spec}\n"
        )

    async def load(self) -> Ingested:
        async with self.store.write() as tx:
            return await ingest(tx, read_company([self.folder]))


@pytest.fixture
def files(tmp_path: Path, store: Store) -> Files:
    return Files(tmp_path, store)


async def get(store: Store, ref: str = REF) -> Entity:
    async with store.read() as session:
        return await see(session, ref, {"group:finance"})


async def run_writes(store: Store, *writes: EntityWrite, like: Draft | None = None) -> list[entities.Change]:
    async with store.write() as tx:
        return await apply(tx, writes, run=RUN, actor="p_1", like=like)


async def test_the_example_company_is_loaded_and_loading_it_again_does_nothing(store: Store) -> None:
    company = read_company([EXAMPLES / "catalog"])
    async with store.write() as tx:
        first = await ingest(tx, company)
    async with store.write() as tx:
        again = await ingest(tx, company)
    assert set(first.created) == company.drafts.keys()
    assert again == Ingested()
    async with store.read() as session:
        assert (await kinds.every(session)).keys() == company.kinds.keys()
        assert await groups_of(session, EntityRef("person:sam")) == {"group:sre"}
        assert await groups_of(session, None) == frozenset()
        assert set(await people(session, ["group:sre", "group:finance"])) == {"person:sam", "person:fay"}


async def test_a_run_s_values_stay_until_the_file_says_something_new_about_them(files: Files, store: Store) -> None:
    files.entity("shop", properties={"version": "1.0.0", "url": "a"})
    await files.load()
    await run_writes(store, EntityWrite(kind="deployment", name="shop", properties={"version": "1.1.0"}))
    assert (await files.load()).kept == [REF]
    assert (await get(store)).properties == {"version": "1.1.0", "url": "a"}
    assert (await get(store)).changed_by == "run:r_1"

    files.entity("shop", title="The shop", properties={"version": "1.0.0", "url": "b"})
    assert (await files.load()).changed == [REF]
    after = await get(store)
    assert (after.title, after.properties, after.changed_by) == (
        "The shop",
        {"version": "1.1.0", "url": "b"},
        "file:shop.yaml",
    )
    assert (await files.load()).kept == [REF]
    assert await get(store) == after

    files.entity("shop", title="The shop", properties={"version": "2.0.0", "url": "b"})
    await files.load()
    assert (await get(store)).properties == {"version": "2.0.0", "url": "b"}
    assert await files.load() == Ingested()


async def test_a_file_that_caught_up_with_a_run_is_remembered(files: Files, store: Store) -> None:
    files.entity("shop", properties={"version": "1.0.0"})
    await files.load()
    await run_writes(store, EntityWrite(kind="deployment", name="shop", properties={"version": "1.1.0"}))
    files.entity("shop", properties={"version": "1.1.0"})
    assert await files.load() == Ingested()
    await run_writes(store, EntityWrite(kind="deployment", name="shop", properties={"version": "1.2.0"}))
    assert (await files.load()).kept == [REF]
    assert (await get(store)).properties == {"version": "1.2.0"}
    async with store.read() as session:
        events = (await history(session, REF, cursor=None, limit=10)).items
    assert [event.version for event in events] == [3, 2, 1]


async def test_what_a_file_no_longer_says_goes_and_what_a_run_added_stays(files: Files, store: Store) -> None:
    files.entity("shop", properties={"version": "1", "url": "a"}, relations={"of": ["deployment:shop"]})
    await files.load()
    files.entity("shop", properties={"version": "1"})
    await files.load()
    entity = await get(store)
    assert (entity.properties, entity.relations) == ({"version": "1"}, {})
    await run_writes(
        store,
        EntityWrite(kind="deployment", name="shop", properties={"url": "r"}, relations={"of": ["deployment:shop"]}),
    )
    files.entity("shop", title="New", properties={"version": "1"})
    await files.load()
    entity = await get(store)
    assert (entity.properties, entity.relations) == ({"version": "1", "url": "r"}, {"of": ["deployment:shop"]})


async def test_only_what_files_made_is_removed_with_its_file(files: Files, store: Store) -> None:
    files.entity("shop", properties={"version": "1"})
    await files.load()
    await run_writes(
        store,
        EntityWrite(kind="deployment", name="shop", properties={"version": "2"}),
        EntityWrite(kind="deployment", name="made", properties={"version": "2"}),
    )
    (files.folder / "shop.yaml").unlink()
    done = await files.load()
    assert done.removed == [REF]
    with pytest.raises(NoSuchEntity):
        await get(store)
    assert (await get(store, "deployment:made")).changed_by == "run:r_1"
    files.entity("shop", properties={"version": "9"})
    assert (await files.load()).created == [REF]
    assert (await get(store)).properties == {"version": "9"}


async def test_a_file_may_take_over_what_a_run_made(files: Files, store: Store) -> None:
    await files.load()
    await run_writes(store, EntityWrite(kind="deployment", name="shop", properties={"version": "2", "url": "a"}))
    files.entity("shop", properties={"version": "3"})
    assert (await files.load()).changed == [REF]
    assert (await get(store)).properties == {"version": "3", "url": "a"}


async def test_a_kind_goes_with_its_file_unless_something_is_of_it(files: Files, store: Store) -> None:
    await files.load()
    await run_writes(store, EntityWrite(kind="deployment", name="made"))
    (files.folder / "kinds.yaml").write_text(KINDS.split("---")[0].replace("group", "other"))
    await files.load()
    async with store.read() as session:
        assert (await kinds.every(session)).keys() == {"other", "deployment"}


@pytest.mark.parametrize(
    ("more", "relations", "problem"),
    [
        (", owner: 'group:gone'", {}, "shop.yaml:3:63: there is no group:gone in the catalog"),
        (", visibleTo: ['group:gone']", {}, "shop.yaml:3:68: there is no group:gone in the catalog"),
        ("", {"of": ["deployment:gone"]}, "shop.yaml:4:29: there is no deployment:gone in the catalog"),
    ],
)
async def test_a_ref_to_nothing_is_refused_and_nothing_is_loaded(
    files: Files, store: Store, more: str, relations: dict[str, list[str]], problem: str
) -> None:
    files.entity("shop", more=more, relations=relations)
    with pytest.raises(CatalogRejected, match="none of them was loaded") as caught:
        await files.load()
    assert [str(found).rpartition("/")[2] for found in caught.value.problems] == [problem]
    async with store.read() as session:
        assert await kinds.every(session) == {}


async def test_what_a_run_added_and_a_new_kind_forbids_is_told(files: Files, store: Store) -> None:
    files.entity("shop", properties={"version": "1"})
    await files.load()
    await run_writes(store, EntityWrite(kind="deployment", name="shop", properties={"url": "a"}))
    (files.folder / "kinds.yaml").write_text(KINDS.replace(", url: { type: string }", ""))
    files.entity("shop", title="New", properties={"version": "1"})
    with pytest.raises(CatalogRejected, match="'url' was unexpected"):
        await files.load()


async def test_two_processes_that_start_at_once_load_once(files: Files, store: Store) -> None:
    files.entity("shop", properties={"version": "1"})
    done: list[Ingested] = []

    async def load() -> None:
        done.append(await files.load())

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(load)
    assert sorted(len(each.created) for each in done) == [0, 0, 1]


async def test_a_run_writes_what_it_says_and_the_preview_said_so(files: Files, store: Store) -> None:
    files.entity("shop", properties={"version": "1", "url": "a"})
    await files.load()
    writes = [
        EntityWrite(kind="deployment", name="shop", properties={"version": "2"}, relations={"of": ["deployment:new"]}),
        EntityWrite(kind="deployment", name="new", properties={"version": "2"}),
    ]
    hidden = Draft(kind="deployment", name="x", title="x", owner="group:sre", visible_to=("group:finance",))
    async with store.read() as session:
        shop, new = await preview(session, writes, like=hidden)
    changes = {change.ref: change for change in await run_writes(store, *writes, like=hidden)}
    for seen in (shop, new):
        change = changes[seen.ref]
        assert change.after is not None
        assert entities.content(change.after) == entities.content(seen.after)
        assert change.before == seen.before
    assert shop.after.properties == {"version": "2", "url": "a"}
    assert (shop.after.title, shop.after.owner, shop.after.visible_to) == ("Shop", None, ())
    assert (new.after.owner, new.after.visible_to) == ("group:sre", ("group:finance",))
    assert [change.changed for change in await run_writes(store, *writes, like=hidden)] == [False, False]


async def test_a_run_cannot_write_what_the_kind_forbids(files: Files, store: Store) -> None:
    await files.load()
    with pytest.raises(EntityRejected, match="nothing was written") as caught:
        await run_writes(
            store,
            EntityWrite(kind="deployment", name="a"),
            EntityWrite(kind="deployment", name="b", properties={"version": 1}),
        )
    assert [fault.pointer for fault in caught.value.errors] == ["/properties/version"]
    async with store.read() as session:
        assert await entities.get(session, "deployment:a", sees=EVERYTHING) is None


async def test_hidden_and_missing_have_the_same_words(files: Files, store: Store) -> None:
    files.entity("finance", kind="group")
    files.entity("shop", more=", visibleTo: ['group:finance']")
    await files.load()
    async with store.read() as session:
        said = []
        for ref in ("deployment:shop", "deployment:none"):
            with pytest.raises(NoSuchEntity) as caught:
                await see(session, ref, {"group:sre"})
            said.append(caught.value.detail.replace(ref, "…"))
        assert said[0] == said[1]
        shop = await see(session, REF, {"group:finance"})
    assert visible(shop, {"group:finance"})
    assert not visible(shop, {"group:sre"})
    assert without({"of": ["a:b", "c:d"]}, {"c:d"}) == {"of": ["a:b"]}
