import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useSearchParams, Link } from "react-router";
import { useApi } from "../../api/context";
import { entitiesQuery } from "../../api/queries";
import { Empty, Section } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { visible } from "../../parts/textOf";
import { useFilters } from "../../parts/useFilters";
import { text } from "../../text";
import css from "./EntityChooser.module.css";

const FIND = "find-entity"; // no field of a form can be called so: all else in the address are its answers

/** Which entity an action is for, when the address does not say. */
export function EntityChooser({ kind }: { kind: string }) {
  const [search] = useSearchParams();
  const filters = useFilters([FIND]);
  const words = filters.value(FIND) ?? "";
  const [asked] = useDebouncedValue(words, 200);
  const found = useInfiniteQuery(entitiesQuery(useApi(), { kind, text: asked }));
  const to = (ref: string) => {
    const next = new URLSearchParams(search);
    next.delete(FIND);
    next.set("entity", ref);
    return `?${next}`;
  };
  return (
    <Section title={text.actions.chooseEntity(kind)}>
      <p className="soft">{text.actions.chooseEntityLead(kind)}</p>
      <TextInput
        className={css.search}
        aria-label={text.entities.search}
        placeholder={text.entities.search}
        leftSection={<Search size={16} aria-hidden />}
        value={words}
        onChange={(event) => filters.set({ [FIND]: event.currentTarget.value })}
      />
      <Loaded query={found}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) return <Empty title={text.entities.noneTitle}>{text.entities.none}</Empty>;
          return (
            <ul className={css.list}>
              {items.map((entity) => (
                <li key={entity.ref}>
                  <Link to={to(entity.ref)} className={css.item}>
                    <strong>{visible(entity.title)}</strong>
                    <span className="soft small">{entity.ref}</span>
                  </Link>
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
      <MoreButton query={found} />
    </Section>
  );
}
