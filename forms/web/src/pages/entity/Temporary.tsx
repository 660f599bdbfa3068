import type { EntityView } from "../../api/types";
import { RunLink, Section } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";
import { LastingButtons } from "../run/Lasting";
import css from "./History.module.css";

const words = text.entities;

/** What runs have done to it for a time, until when, and what the reader may do about it. */
export function Temporary({ entity }: { entity: EntityView }) {
  const temporary = entity.temporary ?? [];
  if (temporary.length === 0) return null;
  return (
    <Section title={words.temporary}>
      <ul className={css.list}>
        {temporary.map((one) => (
          <li key={`${one.run} ${one.step}`}>
            <p>
              <RunLink id={one.run}>
                {visible(one.action)}, {visible(one.step)}
              </RunLink>{" "}
              {visible(one.text)}
              {one.lasts?.until && (
                <>
                  {" "}
                  (<When at={one.lasts.until} />)
                </>
              )}
            </p>
            {one.lasts && <LastingButtons run={one.run} step={one.step} lasts={one.lasts} />}
          </li>
        ))}
      </ul>
    </Section>
  );
}
