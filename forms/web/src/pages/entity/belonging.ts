/** What belongs to an entity: entities of a kind that has a relation to exactly one of this one's kind. */
import { splitRef } from "../../api/queries";
import type { EntityView, KindView } from "../../api/types";
import { propertiesOf, relationsOf, type Property } from "./kinds";

const MOST = 3; // required properties in a table

export interface Belonging {
  kind: KindView;
  /** The relations that say so. */
  by: readonly string[];
  refs: readonly string[];
  /** What else its kind always says of it: where it leads, and what it has. */
  relations: readonly string[];
  properties: readonly Property[];
}

/** One for each kind whose entities can belong to it, also where none does. */
export function belongingsOf(entity: EntityView, kinds: readonly KindView[]): Belonging[] {
  return kinds.flatMap((kind) => {
    const relations = relationsOf(kind.relations);
    const by = relations.filter((one) => !one.many && one.kind === entity.kind).map((one) => one.name);
    if (by.length === 0) return [];
    return [
      {
        kind,
        by,
        refs: entity.referenced_by.filter((ref) => splitRef(ref)[0] === kind.name),
        // Of two that lead to its kind only the entity says which leads here: both are shown.
        relations: relations.map((one) => one.name).filter((name) => by.length > 1 || !by.includes(name)),
        properties: propertiesOf(kind.property_schema)
          .filter((one) => one.required)
          .slice(0, MOST),
      },
    ];
  });
}
