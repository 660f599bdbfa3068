import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useApi } from "../../api/context";
import { entitiesQuery, facetsQuery, kindsQuery } from "../../api/queries";
import type { EntitySummary, FacetView } from "../../api/types";
import { Empty, EntityLink, PageHead } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { useFilters } from "../../parts/useFilters";
import { text } from "../../text";
import { figure } from "../../text/formats";
import css from "./EntitiesPage.module.css";

const words = text.entities;

/** `/entities?kind=service&owner=group:sre&q=shop tier=1` */
export default function EntitiesPage() {
  const filters = useFilters(["kind", "owner", "q"]);
  const { value, set } = filters;
  const [query] = useDebouncedValue(value("q") ?? "", 300);
  const asked = { kind: value("kind") ?? null, owner: value("owner") ?? null, query };
  const found = useInfiniteQuery(entitiesQuery(useApi(), asked));
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className={css.search} role="search">
        <TextInput
          aria-label={words.search}
          placeholder={words.search}
          leftSection={<Search size={16} aria-hidden />}
          maxLength={500}
          value={value("q") ?? ""}
          onChange={(event) => set({ q: event.currentTarget.value })}
        />
        <details>
          <summary className="small">{words.how}</summary>
          <dl className={css.how}>
            {words.examples.map(([written, means]) => (
              <div key={written}>
                <dt>
                  <code>{written}</code>
                </dt>
                <dd>{means}</dd>
              </div>
            ))}
          </dl>
        </details>
      </div>
      <div className={css.columns}>
        <Facets asked={asked} told={found.isError} onChoose={set} />
        <div>
          <Loaded query={found}>
            {({ pages }) => <EntityTable entities={pages.flatMap((page) => page.items)} />}
          </Loaded>
          <MoreButton query={found} />
        </div>
      </div>
    </>
  );
}

interface Asked {
  kind: string | null;
  owner: string | null;
  query: string;
}

/** How many there are of what, as the server has counted them; each narrows the list, and again widens it. */
function Facets({
  asked,
  told,
  onChoose,
}: {
  asked: Asked;
  /** The list beside says already what is wrong with what was asked for. */
  told: boolean;
  onChoose: (changes: { kind?: string | null; owner?: string | null }) => void;
}) {
  const api = useApi();
  const counted = useQuery(facetsQuery(api, asked));
  const kinds = useQuery(kindsQuery(api));
  const titleOf = (name: string) => kinds.data?.items.find((one) => one.name === name)?.title ?? name;
  if (!counted.data)
    return <div>{counted.error && !told && <Loaded query={counted}>{() => null}</Loaded>}</div>;
  return (
    <div className={css.facets}>
      <p className="soft small" role="status">
        {words.total(counted.data.total)}
      </p>
      <Facet
        title={words.kind}
        choices={counted.data.kinds}
        chosen={asked.kind}
        titleOf={titleOf}
        onChoose={(kind) => onChoose({ kind })}
      />
      <Facet
        title={words.owner}
        choices={counted.data.owners}
        chosen={asked.owner}
        titleOf={(ref) => ref}
        onChoose={(owner) => onChoose({ owner })}
      />
    </div>
  );
}

function Facet(props: {
  title: string;
  choices: readonly FacetView[];
  chosen: string | null;
  titleOf: (name: string) => string;
  onChoose: (name: string | null) => void;
}) {
  // What is chosen stays there to be taken away, also when nothing fits.
  const gone = props.chosen !== null && !props.choices.some((one) => one.name === props.chosen);
  const choices = gone ? [...props.choices, { name: props.chosen ?? "", count: 0 }] : props.choices;
  if (choices.length === 0) return null;
  return (
    <fieldset className={css.facet}>
      <legend>{props.title}</legend>
      {choices.map(({ name, count }) => (
        <button
          key={name}
          type="button"
          className={css.choice}
          aria-pressed={name === props.chosen}
          onClick={() => props.onChoose(name === props.chosen ? null : name)}
        >
          <span>{visible(props.titleOf(name))}</span>
          <span className="soft tabular">{figure(count)}</span>
        </button>
      ))}
    </fieldset>
  );
}

function EntityTable({ entities }: { entities: readonly EntitySummary[] }) {
  if (entities.length === 0) return <Empty title={words.noneTitle}>{words.none}</Empty>;
  return <DataTable caption={words.title} columns={COLUMNS} rows={entities} rowKey={(one) => one.ref} />;
}

const COLUMNS: readonly Column<EntitySummary>[] = [
  {
    head: words.name,
    main: true,
    cell: (one) => (
      <>
        <span className={css.title}>
          <EntityLink entity={one.ref} title={one.title} />
        </span>
        {one.title.toLowerCase() !== one.name && <span className="soft small">{visible(one.name)}</span>}
      </>
    ),
  },
  { head: words.kind, cell: (one) => one.kind },
  {
    head: words.owner,
    cell: (one) =>
      one.owner ? <EntityLink entity={one.owner} /> : <span className="soft">{words.noOwner}</span>,
  },
];
