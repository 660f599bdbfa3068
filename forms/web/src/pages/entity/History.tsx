import { useInfiniteQuery } from "@tanstack/react-query";
import { useApi } from "../../api/context";
import { historyQuery } from "../../api/queries";
import type { EntityView } from "../../api/types";
import { Section } from "../../parts/Basics";
import { changedFields, Differences } from "../../parts/Compare";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { text } from "../../text";
import css from "./History.module.css";
import { WrittenBy } from "./WrittenBy";

const words = text.entities;

/** What the entity was before, latest change first. */
export function History({ entity }: { entity: EntityView }) {
  const history = useInfiniteQuery(historyQuery(useApi(), entity.kind, entity.name));
  return (
    <Section title={words.history}>
      <Loaded query={history}>
        {({ pages }) => {
          const changes = pages.flatMap((page) => page.items).filter((event) => event.before !== null);
          if (changes.length === 0 && !history.hasNextPage) return <p className="soft">{words.noHistory}</p>;
          return (
            <ol className={css.list}>
              {changes.map((event) => (
                <li key={event.version}>
                  <p className="small">
                    <WrittenBy by={event.by} at={event.at} bare />
                  </p>
                  <Differences
                    rows={changedFields(event.before, event.after ?? {}).rows}
                    caption={words.historyVersion(event.version)}
                  />
                </li>
              ))}
            </ol>
          );
        }}
      </Loaded>
      <MoreButton query={history} />
    </Section>
  );
}
