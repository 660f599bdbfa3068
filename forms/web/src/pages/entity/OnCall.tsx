import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { onCallQuery } from "../../api/queries";
import type { EntityView } from "../../api/types";
import { Section } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { OnCallNames } from "../../parts/OnCallNames";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./History.module.css";

const words = text.people.onCall;

/** Whom actions would ask because this entity names them; nothing where no action looks here, but where it is not known that is said. */
export function OnCall({ entity }: { entity: EntityView }) {
  const found = useQuery(onCallQuery(useApi(), entity.ref));
  if (!found.isError && !found.data?.items.length) return null;
  return (
    <Section title={words.title}>
      <Loaded query={found}>
        {({ items }) => (
          <ul className={css.list}>
            {items.map((one) => (
              <li key={one.place}>
                <OnCallNames names={one.names} />
                <p className="soft small">
                  <code>{visible(one.place)}</code> · {words.asks}{" "}
                  {one.actions.map((action, n) => (
                    <span key={action.name}>
                      {n > 0 && ", "}
                      <Link to={`/actions/${encodeURIComponent(action.name)}`}>{visible(action.title)}</Link>
                    </span>
                  ))}
                </p>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}
