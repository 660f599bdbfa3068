import { text } from "../text";
import { EntityLink } from "./Basics";

/** Whom a place names; nobody, where it is empty. */
export function OnCallNames({ names }: { names: readonly string[] }) {
  if (names.length === 0) return <span className="soft">{text.people.onCall.nobody}</span>;
  return names.map((name, n) => (
    <span key={name}>
      {n > 0 && ", "}
      <EntityLink entity={name} />
    </span>
  ));
}
