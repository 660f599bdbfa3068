"""The templates: YAML files in a folder per namespace, and one folder for the cluster's; read when they change."""

import datetime
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
import yamlcore

from daytwo_standins.argo.config import Config
from daytwo_standins.argo.interpreter.tags import text_of
from daytwo_standins.argo.problems import INTERNAL, ApiError, not_found

KINDS: Final = {"WorkflowTemplate": "workflowtemplates", "ClusterWorkflowTemplate": "clusterworkflowtemplates"}
Manifest = dict[str, Any]


class Templates:
    """What can be run. A file that cannot be read is said so by every request that needs its folder."""

    def __init__(self, config: Config) -> None:
        self._folders = {one.name: one.templates for one in config.namespaces}
        self._cluster = config.cluster_templates
        self._read: dict[Path, tuple[tuple[int, int], list[Manifest]]] = {}

    def check(self) -> None:
        """Read everything once.

        Raises:
            ValueError: a folder or a file cannot be read.
        """
        try:
            for name in self._folders:
                self.of_namespace(name)
            self.of_cluster()
        except ApiError as error:
            raise ValueError(f"{error.message} Nothing was started.") from error

    def of_namespace(self, namespace: str) -> dict[str, Manifest]:
        """The WorkflowTemplates of a namespace by name."""
        folder = self._folders.get(namespace)
        return self._in(folder, "WorkflowTemplate", namespace) if folder else {}

    def of_cluster(self) -> dict[str, Manifest]:
        """The ClusterWorkflowTemplates by name."""
        return self._in(self._cluster, "ClusterWorkflowTemplate", None) if self._cluster else {}

    def get(self, namespace: str, reference: Mapping[str, Any]) -> Manifest:
        """What a ``workflowTemplateRef`` or a ``templateRef`` names.

        Raises:
            ApiError: it is not there.
        """
        cluster, name = bool(reference.get("clusterScope")), str(reference.get("name", ""))
        found = (self.of_cluster() if cluster else self.of_namespace(namespace)).get(name)
        if found is None:
            raise not_found(KINDS["ClusterWorkflowTemplate" if cluster else "WorkflowTemplate"], name)
        return found

    def _in(self, folder: Path, kind: str, namespace: str | None) -> dict[str, Manifest]:
        if not folder.is_dir():
            raise ApiError(INTERNAL, f"{folder}, the folder of templates, is not there.")
        files = sorted(one for one in folder.iterdir() if one.suffix in {".yaml", ".yml"})
        found = {}
        for file in files:
            for manifest in self._manifests(file):
                if manifest.get("kind") == kind:
                    found[manifest["metadata"]["name"]] = _completed(manifest, file, namespace)
        return found

    def _manifests(self, file: Path) -> list[Manifest]:
        facts = file.stat()
        mark = (facts.st_mtime_ns, facts.st_size)
        known = self._read.get(file)
        if known is None or known[0] != mark:
            known = self._read[file] = (mark, _parsed(file))
        return known[1]


def _parsed(file: Path) -> list[Manifest]:
    try:
        text = file.read_text(encoding="utf-8")
        # its constructor makes plain data only
        found = [one for one in yaml.load_all(text, Loader=yamlcore.CCoreLoader) if one is not None]
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ApiError(INTERNAL, f"The template file {file} cannot be read: {error}.") from error
    for one in found:
        if not isinstance(one, dict) or not isinstance(one.get("spec"), dict) or not _name(one):
            raise ApiError(INTERNAL, f"The template file {file} has an object without metadata.name or spec.")
    return [{**one, "spec": with_texts(one["spec"])} for one in found]


def _name(manifest: Manifest) -> object:
    metadata = manifest.get("metadata")
    return metadata.get("name") if isinstance(metadata, dict) else None


def with_texts(spec: Any) -> Any:
    """The same with every value of a parameter as a text, as Kubernetes gives them back."""
    if isinstance(spec, list):
        return [with_texts(one) for one in spec]
    if not isinstance(spec, dict):
        return spec
    found = {key: with_texts(value) for key, value in spec.items()}
    if isinstance(found.get("parameters"), list):
        found["parameters"] = [_parameter(one) if isinstance(one, dict) else one for one in found["parameters"]]
    if isinstance(found.get("env"), list):
        found["env"] = [_variable(one) if isinstance(one, dict) else one for one in found["env"]]
    return found


def _parameter(one: dict[str, Any]) -> dict[str, Any]:
    texts = {key: text_of(one[key]) for key in ("value", "default", "description") if one.get(key) is not None}
    offered = {"enum": [text_of(value) for value in one["enum"]]} if isinstance(one.get("enum"), list) else {}
    return {**one, **texts, **offered}


def _variable(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "value": text_of(one["value"])} if one.get("value") is not None else one


def _completed(manifest: Manifest, file: Path, namespace: str | None) -> Manifest:
    """With what a cluster adds to an object."""
    told = manifest["metadata"]
    changed = file.stat().st_mtime
    when = datetime.datetime.fromtimestamp(changed, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    added = {
        "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{manifest['kind']}/{namespace}/{told['name']}")),
        "resourceVersion": str(int(changed * 1000)),
        "creationTimestamp": when,
        "generation": 1,
    }
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": manifest["kind"],
        "metadata": {**told, **place, **added},
        "spec": manifest["spec"],
    }
