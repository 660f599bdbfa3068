"""Which person of the catalog changed a file last, and what a company says of a file where nobody knows it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.policy_file import Policy
from daytwo_store import entities
from daytwo_store.definitions import Editor
from daytwo_store.engine import Session
from daytwo_workflows.editors import Edit

People = Callable[[str], Awaitable[list[str]]]  # by the e-mail address that the catalog has of them; two are enough
_ADVICE: Final = (
    "Load it from a Git checkout with the whole history, as it was committed by somebody of the catalog, or name the "
    "author in the policy's `editors`."
)


def found_in(session: Session) -> People:
    async def people(email: str) -> list[str]:
        return await entities.people_where(session, {"email": email}, limit=2)

    return people


async def editor_of(edit: Edit, people: People, policy: Policy | None) -> Editor:
    if edit.why_not is not None or edit.email is None:
        return Editor(why_not=edit.why_not or "the commit names no author")
    others = tuple([await editor_of(one, people, policy) for one in edit.others])
    return await whose_is(Editor(name=edit.name, commit=edit.commit, email=edit.email, others=others), people, policy)


async def whose_is(editor: Editor, people: People, policy: Policy | None) -> Editor:
    """Whose commit it is: by the policy, or by the one person in the catalog who has the author's e-mail address."""
    if editor.email is None:
        return editor  # it is not known whose, and why is said already
    person = policy.editors.get(editor.email.casefold()) if policy is not None else None
    found = [person] if person is not None else await people(editor.email)
    who = "more than one person" if found else "nobody"
    why = None if len(found) == 1 else f"{who} in the catalog has the e-mail address of the commit's author"
    others = tuple([await whose_is(one, people, policy) for one in editor.others])
    return replace(editor, person=found[0] if why is None else None, why_not=why, others=others)


def writers(editor: Editor | None) -> list[str]:
    """The people whose changes stand in a file, as far as they are known."""
    if editor is None:
        return []
    return sorted({one.person for one in (editor, *editor.others) if one.person is not None})


def unknown_editors(editors: Mapping[str, Editor], policy: Policy | None) -> list[Problem]:
    """By file: those whom nobody knows, where the policy wants them known."""
    if policy is None or not policy.editor_must_be_known:
        return []
    return [
        Problem(
            file, 1, 1, f"Who last changed this file is not known ({one.why_not}), and the policy wants it", _ADVICE
        )
        for file, editor in editors.items()
        for one in (editor, *editor.others)
        if one.person is None
    ]
