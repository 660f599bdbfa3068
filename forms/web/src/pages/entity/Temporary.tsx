import type { EntityView } from "../../api/types";
import { RunLink, Section } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./History.module.css";

const words = text.entities;

/** What runs have done to it for a time, and until when; nothing where there is nothing. */
export function Temporary({ entity }: { entity: EntityView }) {
  const temporary = entity.temporary ?? [];
  if (temporary.length === 0) return null;
  return (
    <Section title={words.temporary}>
      <ul className={css.list}>
        {temporary.map((one) => (
          <li key={`${one.run} ${one.step}`}>
            <RunLink id={one.run}>
              {visible(one.action)}, {visible(one.step)}
            </RunLink>{" "}
            {visible(one.text)}
          </li>
        ))}
      </ul>
    </Section>
  );
}
