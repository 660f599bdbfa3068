import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { locksQuery } from "../../api/queries";
import type { EntityView } from "../../api/types";
import { Section } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { visible } from "../../parts/textOf";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { lockLook, lockPath } from "../locks/lockLook";
import css from "./History.module.css";

const words = text.entities;

/** Keys that runs on it have or wait for; nothing where there are none, but where it is not known that is said. */
export function Locks({ entity }: { entity: EntityView }) {
  const found = useInfiniteQuery(locksQuery(useApi(), { entity: entity.ref }));
  const locks = found.data?.pages.flatMap((page) => page.items) ?? [];
  if (!found.isError && locks.length === 0) return null;
  return (
    <Section title={words.locks}>
      <Loaded query={found}>
        {() => (
          <ul className={css.list}>
            {locks.map((lock) => (
              <li key={lock.key}>
                <Link to={lockPath(lock.key)}>{visible(lock.key)}</Link>{" "}
                <StateBadge look={lockLook(lock)} bare />
                <p className="soft small">
                  {visible(lock.text)}
                  {lock.waiting > 0 && `, ${words.lockWaiting(lock.waiting)}`}
                </p>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <MoreButton query={found} />
    </Section>
  );
}
