"""Lists, pages, the archive, and what is left when objects and pods are gone."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from daytwo_standins.argo.fields import trimmed
from daytwo_standins.argo.testing import RunningStandin, eventually

Create = Callable[..., dict[str, Any]]
Ended = Callable[[dict[str, Any]], dict[str, Any]]
ALL, ARCHIVE = "/api/v1/workflows/instant", "/api/v1/archived-workflows"
POD = {"name": "main", "container": {"image": "any", "command": ["echo", "said"]}}


def _own(namespace: str, api: httpx.Client, **spec: Any) -> dict[str, Any]:
    body = {"metadata": {"generateName": "own-"}, "spec": {"entrypoint": "main", "templates": [POD], **spec}}
    answer = api.post(f"/api/v1/workflows/{namespace}", json={"workflow": body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_selectors_and_pages(api: httpx.Client, create: Create) -> None:
    names = [create("echo", namespace="instant", name=f"page-{number}")["metadata"]["name"] for number in range(5)]
    selector = {"listOptions.labelSelector": "daytwo.dev/run=r1,workflows.argoproj.io/phase in (Succeeded, Failed)"}

    def listed(**query: str) -> dict[str, Any]:
        query = {"listOptions.fieldSelector": "metadata.name=page", "nameFilter": "Prefix", **query}
        found: dict[str, Any] = api.get(ALL, params={**selector, **query}).json()
        return found

    found = listed()
    assert [one["metadata"]["name"] for one in found["items"]] == names[::-1]
    first = listed(**{"listOptions.limit": "2"})
    assert (len(first["items"]), first["metadata"]["continue"], first["metadata"]["remainingItemCount"]) == (2, "2", 3)
    last = listed(**{"listOptions.limit": "2", "listOptions.continue": "4"})
    assert [one["metadata"]["name"] for one in last["items"]] == ["page-0"]
    assert "continue" not in last["metadata"]
    one = api.get(ALL, params={"listOptions.fieldSelector": "metadata.name=page-3"}).json()
    assert [item["metadata"]["name"] for item in one["items"]] == ["page-3"]
    assert api.get(ALL, params={"listOptions.labelSelector": "daytwo.dev/run=other"}).json()["items"] == []
    assert api.get(ALL, params={"listOptions.labelSelector": "two words"}).status_code == 400
    assert api.get(ALL, params={"listOptions.limit": "many"}).status_code == 400


def test_only_some_fields(api: httpx.Client, create: Create) -> None:
    create("echo", namespace="instant", name="fields-1")
    query = {"listOptions.fieldSelector": "metadata.name=fields-1"}
    fields = "metadata.continue,items.metadata.name,items.status.phase"
    request = api.build_request("GET", ALL, params={**query, "fields": fields})
    assert api.send(request).json() == {
        "metadata": {},
        "items": [{"metadata": {"name": "fields-1"}, "status": {"phase": "Succeeded"}}],
    }
    without = api.get(ALL, params={**query, "fields": "-items.status.nodes,items.spec.none"}).json()["items"][0]
    assert ("nodes" in without["status"], without["metadata"]["name"]) == (False, "fields-1")
    assert "nodes" not in api.get(f"{ALL}/fields-1", params={"fields": "-status.nodes"}).json()["status"]


def test_trimming() -> None:
    data = {"a": {"b": 1, "c": 2}, "l": [{"x": 1, "y": 2}], "z": 0}
    assert trimmed(data, "a.b,l.x") == {"a": {"b": 1}, "l": [{"x": 1}]}
    assert trimmed(data, "-a.b,l.x") == {"a": {"c": 2}, "l": [{"y": 2}], "z": 0}
    assert trimmed(data, "-a,-z") == {"l": [{"x": 1, "y": 2}]}
    assert trimmed(data, "") == data


def test_the_archive_has_what_ended_and_is_gone(api: httpx.Client, create: Create) -> None:
    created = create("echo", namespace="instant", name="kept")
    uid = created["metadata"]["uid"]
    assert api.delete(f"{ALL}/kept").status_code == 200
    found = api.get(f"{ALL}/kept").json()
    assert (found["metadata"]["uid"], found["status"]["phase"]) == (uid, "Succeeded")
    assert api.put(f"{ALL}/kept/stop", json={}).status_code == 404, "only objects can be stopped"
    assert api.get(f"{ARCHIVE}/{uid}").json()["metadata"]["name"] == "kept"
    listed = api.get(ARCHIVE, params={"namespace": "instant", "namePrefix": "kep"}).json()["items"]
    assert [one["metadata"]["uid"] for one in listed] == [uid]
    both = api.get(ALL, params={"listOptions.fieldSelector": "metadata.name=kept"}).json()["items"]
    assert [one["metadata"]["uid"] for one in both] == [uid], "a list has both, each once"


def test_without_an_archive_it_is_gone(standin: RunningStandin, api: httpx.Client, create: Create) -> None:
    created = create("echo", namespace="scripted", name="lost")
    standin.control.script(created["metadata"]["uid"], [{"phase": "Succeeded"}])
    path = "/api/v1/workflows/scripted/lost"
    assert api.get(path).json()["status"]["phase"] == "Succeeded"
    api.delete(path)
    assert api.get(path).status_code == 404
    assert api.get(f"{ARCHIVE}/{created['metadata']['uid']}").status_code == 404


def test_an_object_lives_as_long_as_its_strategy_says(api: httpx.Client) -> None:
    body = _own("instant", api, ttlStrategy={"secondsAfterSuccess": 1, "secondsAfterFailure": 900})
    name = body["metadata"]["name"]
    live = f"{ALL}/{name}/stop"
    assert api.put(live, json={}).status_code == 500, "it is there, and completed"
    eventually(lambda: api.put(live, json={}).status_code == 404)
    assert api.get(f"{ALL}/{name}").json()["status"]["phase"] == "Succeeded", "from the archive"


@pytest.mark.parametrize(("strategy", "left"), [("OnPodCompletion", []), ("OnPodFailure", ["said"])])
def test_a_log_goes_with_its_pod_and_stays_as_a_file(
    api: httpx.Client, ended: Ended, strategy: str, left: list[str]
) -> None:
    done = ended(_own("argo", api, podGC={"strategy": strategy}))
    name, uid = done["metadata"]["name"], done["metadata"]["uid"]
    answer = api.get(f"/api/v1/workflows/argo/{name}/log", params={"logOptions.container": "main"})
    assert answer.status_code == 200
    assert [json.loads(line)["result"]["content"] for line in answer.text.splitlines()] == left
    for where in (f"workflow/{name}", f"archived-workflows/{uid}"):
        assert api.get(f"/artifact-files/argo/{where}/{name}/outputs/main-logs").text == "said\n"
    assert api.get(f"/artifact-files/argo/workflow/{name}/{name}/outputs/other").status_code == 404
    api.delete(f"/api/v1/workflows/argo/{name}")
    assert api.get(f"/artifact-files/argo/archived-workflows/{uid}/{name}/outputs/main-logs").text == "said\n"


def test_what_of_a_log_is_wanted(api: httpx.Client, create: Create, ended: Ended) -> None:
    done = ended(create("echo", text="one\ntwo\nthree"))
    path = f"/api/v1/workflows/argo/{done['metadata']['name']}/log"

    def said(**query: str) -> list[str]:
        answer = api.get(path, params={name.replace("__", "."): value for name, value in query.items()})
        assert answer.status_code == 200, answer.text
        return [json.loads(line)["result"]["content"] for line in answer.text.splitlines()]

    assert said() == ["one", "two", "three"]
    assert said(logOptions__tailLines="2") == ["two", "three"]
    assert said(grep="^t") == ["two", "three"]
    assert said(logOptions__container="wait") == []
    assert said(podName="other") == []
    assert said(selector="workflows.argoproj.io/completed=true") == ["one", "two", "three"]
    assert said(selector="workflows.argoproj.io/completed=false") == []
    assert said(logOptions__timestamps="true")[0].endswith("Z one")
    assert said(logOptions__sinceTime__seconds="99999999999") == []
    assert json.loads(api.get(path, params={"grep": "("}).text)["error"]["http_code"] == 400


def test_a_watch_tells_of_a_deletion_and_of_nothing_else(api: httpx.Client, create: Create) -> None:
    create("echo", namespace="instant", name="watched")
    query = {"listOptions.fieldSelector": "metadata.name=watched", "fields": "result.type,result.object.metadata.name"}
    headers = {"accept": "text/event-stream"}
    with api.stream("GET", "/api/v1/workflow-events/instant", params=query, headers=headers) as answer:
        lines = (line for line in answer.iter_lines() if line.startswith("data: "))
        seen = [json.loads(next(lines).removeprefix("data: "))["result"]]
        create("echo", namespace="instant", name="beside")
        api.delete(f"{ALL}/watched")
        seen.append(json.loads(next(lines).removeprefix("data: "))["result"])
    assert seen == [{"type": kind, "object": {"metadata": {"name": "watched"}}} for kind in ("ADDED", "DELETED")]
