"""Action files: read with positions, checked against what they name, versioned by their canonical form."""

from daytwo_actions.definitions.check import Surroundings
from daytwo_actions.definitions.errors import DefinitionRejected, Problem
from daytwo_actions.definitions.load import ActionVersion, load_action, restore_action
from daytwo_actions.definitions.model import Action
from daytwo_actions.definitions.shapes import KindShape, RelationShape

__all__ = [
    "Action",
    "ActionVersion",
    "DefinitionRejected",
    "KindShape",
    "Problem",
    "RelationShape",
    "Surroundings",
    "load_action",
    "restore_action",
]
