import { History, Star } from "lucide-react";
import { Link } from "react-router";
import type { ActionSummary } from "../../api/types";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";
import { actionPath } from "./ActionCards";
import type { Recent } from "./recent";
import css from "./Shortcuts.module.css";

const words = text.actions;

/** What somebody has starred, and what they asked for last. */
export function Shortcuts(props: {
  favourites: readonly ActionSummary[];
  recent: readonly Recent[];
  entity: string | undefined;
}) {
  const { favourites, recent, entity } = props;
  if (favourites.length === 0 && recent.length === 0) return null;
  return (
    <div className={css.shortcuts}>
      {favourites.length > 0 && (
        <section aria-labelledby="favourites">
          <h2 id="favourites" className={css.title}>
            <Star size={14} aria-hidden /> {words.favourites}
          </h2>
          <ul className={css.list}>
            {favourites.map((action) => (
              <li key={action.name}>
                <Link className={css.item} to={actionPath(action.name, entity)}>
                  {visible(action.title)}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
      {recent.length > 0 && (
        <section aria-labelledby="recent">
          <h2 id="recent" className={css.title}>
            <History size={14} aria-hidden /> {words.recent}
          </h2>
          <ul className={css.list}>
            {recent.map((one) => (
              <li key={`${one.action.name} ${one.entity}`}>
                <Link className={css.item} to={actionPath(one.action.name, one.entity)}>
                  {visible(one.action.title)} {one.entity && <code>{visible(one.entity)}</code>}
                </Link>{" "}
                <span className="soft small">
                  <When at={one.at} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
