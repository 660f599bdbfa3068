"""What else holds for a stage of an approval, in words."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from daytwo_actions.definitions.durations import format_duration
from daytwo_store.on_call import called
from daytwo_store.terms import Terms

SELF_APPROVAL = "Who asks for it, or fills in values of it, may approve it, too: the action says so."


def terms_words(terms: Terms) -> list[str]:
    """A sentence for each that is not as usual."""
    said = []
    if terms.self_approval:
        said.append(SELF_APPROVAL)
    if terms.editor_approval:
        said.append("Who last changed the action's file may approve it, too: the action says so.")
    if "approve" in terms.reason:
        said.append("Approving it takes a reason.")
    if "reject" not in terms.reason:
        said.append("Rejecting it takes no reason.")
    if terms.remind:
        after = [_lasting(seconds) for seconds in terms.remind]
        said.append(f"Those who are asked are reminded after {' and '.join(after)}.")
    if terms.escalate is not None:
        to = " and ".join(called(name) for name in terms.escalate.to)
        said.append(f"When nobody has decided after {_lasting(terms.escalate.after)}, {to} can decide as well.")
    return said


def edited(plan: Mapping[str, Any], terms: Terms) -> str:
    """Who last changed the action's file, as the sealed plan has it."""
    editor = plan["action"].get("editor") or {"why_not": "nobody looked when it was loaded"}
    others = editor.get("others", ())
    if others:
        merged = "It was merged of several people's changes. "
        return merged + " ".join(_edited(one, terms) for one in (editor, *others))
    return _edited(editor, terms)


def _edited(editor: Mapping[str, Any], terms: Terms) -> str:
    commit = f" (commit {editor['commit'][:12]})" if editor.get("commit") else ""
    if editor.get("person"):
        may = "may decide on this all the same" if terms.editor_approval else "does not decide on this"
        return f"{editor['person']} last changed the action's file{commit}, and {may}."
    who = f"Git names {editor['name']}{commit}, and " if editor.get("name") else ""
    why = f"{who}{editor['why_not']}"
    return f"Who last changed the action's file is not known: {why}. Nobody is kept from deciding by it."


def _lasting(seconds: int) -> str:
    return format_duration(timedelta(seconds=seconds))
