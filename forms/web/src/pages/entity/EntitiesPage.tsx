import { Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useSearchParams } from "react-router";
import { useApi } from "../../api/context";
import { entitiesQuery, kindsQuery } from "../../api/queries";
import type { EntitySummary } from "../../api/types";
import { Empty, EntityLink, PageHead } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import css from "./EntitiesPage.module.css";

const words = text.entities;

/** `/entities?kind=service&q=shop` */
export default function EntitiesPage() {
  const [search, setSearch] = useSearchParams();
  const kind = search.get("kind");
  const q = search.get("q") ?? "";
  const [asked] = useDebouncedValue(q, 200);
  const api = useApi();
  const kinds = useQuery(kindsQuery(api));
  const found = useInfiniteQuery(entitiesQuery(api, { kind, text: asked }));
  const set = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className={css.filters} role="search">
        <TextInput
          aria-label={words.search}
          placeholder={words.search}
          leftSection={<Search size={16} aria-hidden />}
          value={q}
          onChange={(event) => set("q", event.currentTarget.value)}
        />
        <Select
          aria-label={words.kind}
          placeholder={words.allKinds}
          clearable
          data={(kinds.data?.items ?? []).map((one) => ({ value: one.name, label: one.title }))}
          value={kind}
          onChange={(next) => set("kind", next)}
        />
      </div>
      <Loaded query={found}>
        {({ pages }) => <EntityTable entities={pages.flatMap((page) => page.items)} />}
      </Loaded>
      <MoreButton query={found} />
    </>
  );
}

function EntityTable({ entities }: { entities: readonly EntitySummary[] }) {
  if (entities.length === 0) return <Empty title={words.noneTitle}>{words.none}</Empty>;
  return (
    <table className={css.table}>
      <caption className="visually-hidden">{words.title}</caption>
      <thead>
        <tr>
          <th scope="col">{words.name}</th>
          <th scope="col">{words.kind}</th>
          <th scope="col" className={css.wide}>
            {words.owner}
          </th>
        </tr>
      </thead>
      <tbody>
        {entities.map((entity) => (
          <tr key={entity.ref}>
            <td>
              <span className={css.title}>
                <EntityLink entity={entity.ref} title={entity.title} />
              </span>
              {entity.title.toLowerCase() !== entity.name && (
                <span className="soft small">{entity.name}</span>
              )}
            </td>
            <td>{entity.kind}</td>
            <td className={css.wide}>
              {entity.owner ? (
                <EntityLink entity={entity.owner} />
              ) : (
                <span className="soft">{words.noOwner}</span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
