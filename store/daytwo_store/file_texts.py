"""Files of a company as they were at one moment, for whoever reads them again and again while others write them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SUFFIXES: Final = frozenset({".yaml", ".yml"})


class Unreadable(Exception):
    """A file or folder that cannot be read, and why; it might be one of those that are looked for."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(why)
        self.file = file


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    file: str  # as it was found, for people
    name: str  # relative to the company's folder
    content: bytes


def digest(texts: Iterable[Text]) -> str:
    """Of names and contents, in order: the same again means that nothing was written in between."""
    whole = hashlib.sha256()
    for one in texts:
        whole.update(f"{len(one.file)} {one.file} {len(one.content)} ".encode() + one.content)
    return whole.hexdigest()


def read_texts(folders: Iterable[Path], meant: Callable[[Path, bytes], bool], *, most: int = -1) -> tuple[Text, ...]:
    """The YAML files below the folders that are meant, in order, at most so many bytes of each. Raises `Unreadable`."""
    texts = []
    for path, name in _files(folders):
        try:
            with path.open("rb") as file:
                content = file.read(most)
        except OSError as error:
            raise Unreadable(str(path), f"The file cannot be read ({error.strerror})") from error
        if meant(Path(name), content):
            texts.append(Text(file=str(path), name=name, content=content))
    return tuple(texts)


def _files(folders: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        if folder.is_dir():
            for one in sorted(one for one in folder.rglob("*") if one.suffix in _SUFFIXES and one.is_file()):
                yield one, one.relative_to(folder).as_posix()
        elif folder.is_file():
            yield folder, folder.name
        else:
            raise Unreadable(str(folder), "There is no such file or folder")
