"""For tests: a stand-in as a process of its own.

``with start_standin(tmp_path, {"argo": {"deploy.yaml": text}}, tokens=[{"login": "bot", "token": "t"}])`` gives a
``RunningStandin`` s; ``s.url`` is what a client is told, its token goes as ``Authorization: Bearer t``.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daytwo_standins.shared.testing import NOTHING, RunningStandin, eventually, started

__all__ = ["RunningStandin", "eventually", "start_standin"]


@contextmanager
def start_standin(
    tmp_path: Path,
    namespaces: Mapping[str, Mapping[str, str]],
    *,
    tokens: Sequence[Mapping[str, Any]],
    cluster: Mapping[str, str] = NOTHING,
    namespace_settings: Mapping[str, Mapping[str, Any]] = NOTHING,
    settings: Mapping[str, Any] = NOTHING,
    environment: Mapping[str, str] = NOTHING,
) -> Iterator[RunningStandin]:
    """A stand-in with these namespaces, each with the template files that it has (name and YAML), and tokens.

    ``cluster`` are the files with ClusterWorkflowTemplates, ``namespace_settings`` further keys of a namespace, as
    ``{"argo": {"executor": "instant"}}``, ``settings`` further keys of the configuration (``config.Config``) and
    ``environment`` further variables of the process. Template files are below ``tmp_path / "argo-standin"``.
    """
    folder = tmp_path / "argo-standin"
    _write(folder / "cluster", cluster)
    for name, files in namespaces.items():
        _write(folder / "namespaces" / name, files)
    config = {
        "namespaces": [
            {"name": name, "templates": f"namespaces/{name}", **namespace_settings.get(name, {})} for name in namespaces
        ],
        "cluster_templates": "cluster",
        "tokens": [dict(one) for one in tokens],
        **settings,
    }
    with started("argo", tmp_path, config, environment) as running:
        yield running


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
