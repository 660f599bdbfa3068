"""From a schedule file to what the API wants."""

from pathlib import Path

from pydantic import JsonValue

from daytwo_actions.definitions.errors import DefinitionRejected
from daytwo_actions.definitions.yaml import read_documents
from daytwo_actions.schedules import schedule_of
from daytwo_cli.errors import Usage


def body_of(file: Path) -> dict[str, JsonValue]:
    """The one schedule of a file, checked. Raises Usage with every problem."""
    try:
        documents = read_documents(file.read_text(encoding="utf-8"), str(file))
        if len(documents) != 1:
            raise Usage(
                f"{file} holds {len(documents)} documents, and one schedule is made at a time. Nothing was sent."
            )
        loaded = schedule_of(documents[0])
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{file} cannot be read ({type(error).__name__}). Nothing was sent.") from None
    except DefinitionRejected as error:
        told = "\n".join(str(one) for one in error.problems)
        raise Usage(f"This schedule cannot be used. Nothing was sent.\n{told}") from None
    metadata = loaded.model.metadata
    return {"title": metadata.title, "description": metadata.description, "spec": loaded.document["spec"]}
