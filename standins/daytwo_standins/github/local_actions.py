"""The actions that the stand-in brings along, because nothing is fetched from the network."""

from pathlib import Path

FOLDER = Path(__file__).with_name("actions")
OURS = ("checkout", "upload-artifact", "download-artifact")
ONLY_OURS = (
    "The stand-in fetches no actions from the network; it has its own "
    + ", ".join(f"actions/{name}" for name in OURS)
    + ", and runs actions that are in the repository itself (uses: ./…)"
)


def is_ours(uses: str) -> bool:
    """Whether a step uses an action that we bring along, whatever its version."""
    return "@" in uses and uses.partition("@")[0] in {f"actions/{name}" for name in OURS}


def folder_of(uses: str) -> Path:
    """Where our copy of an action is."""
    return FOLDER / uses.partition("@")[0].partition("/")[2]
