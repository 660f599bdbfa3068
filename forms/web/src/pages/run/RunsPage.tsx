import { Button, Checkbox, Select, TextInput } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { useApi } from "../../api/context";
import { actionsQuery, runsQuery } from "../../api/queries";
import type { RunState } from "../../api/types";
import { Empty, PageHead } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { RunTable } from "../../parts/RunTable";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import css from "./RunsPage.module.css";

const words = text.runs;
const FILTERS = ["state", "action", "entity", "mine"] as const;
type Filter = (typeof FILTERS)[number];

/** An address that somebody typed may name a state that there is not: then nothing is filtered by it. */
const runState = (name: string | undefined) =>
  name !== undefined && name in text.states.run ? (name as RunState) : undefined;

/** `/runs?state=failed&action=deploy&entity=service:shop&mine=true` */
export default function RunsPage() {
  const [search, setSearch] = useSearchParams();
  const value = (name: Filter) => search.get(name) ?? undefined;
  const runs = useInfiniteQuery(
    runsQuery(useApi(), {
      state: runState(value("state")),
      action: value("action"),
      entity: value("entity"),
      mine: value("mine") === "true",
    }),
  );
  const filter = (name: Filter, next: string | null) =>
    setSearch(
      (before) => {
        if (next) before.set(name, next);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  const filtered = FILTERS.some((name) => search.has(name));
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <Filters value={value} onFilter={filter} />
      <Loaded query={runs}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length > 0) return <RunTable runs={items} />;
          return (
            <Empty title={words.noneTitle}>
              {filtered ? words.noneFiltered : words.none}{" "}
              {filtered ? (
                <Button size="compact-sm" variant="default" onClick={() => setSearch({})}>
                  {words.clearFilters}
                </Button>
              ) : (
                <Link to="/actions">{words.toActions}</Link>
              )}
            </Empty>
          );
        }}
      </Loaded>
      <MoreButton query={runs} />
    </>
  );
}

interface FiltersProps {
  value: (name: Filter) => string | undefined;
  onFilter: (name: Filter, next: string | null) => void;
}

function Filters({ value, onFilter }: FiltersProps) {
  const actions = useQuery(actionsQuery(useApi()));
  return (
    <div className={css.filters} role="search">
      <Select
        aria-label={words.state}
        placeholder={words.anyState}
        clearable
        data={Object.entries(text.states.run).map(([state, label]) => ({ value: state, label }))}
        value={value("state") ?? null}
        onChange={(next) => onFilter("state", next)}
      />
      <Select
        aria-label={words.action}
        placeholder={words.anyAction}
        clearable
        data={(actions.data?.items ?? []).map((action) => ({ value: action.name, label: action.title }))}
        value={value("action") ?? null}
        onChange={(next) => onFilter("action", next)}
      />
      <TextInput
        // Applied when it is left or Enter is pressed: half a name would find nothing.
        key={value("entity") ?? ""}
        aria-label={words.entity}
        placeholder={words.anyEntity}
        defaultValue={value("entity") ?? ""}
        onBlur={(event) => onFilter("entity", event.currentTarget.value.trim() || null)}
        onKeyDown={(event) =>
          event.key === "Enter" && onFilter("entity", event.currentTarget.value.trim() || null)
        }
      />
      <Checkbox
        label={words.mine}
        checked={value("mine") === "true"}
        onChange={(event) => onFilter("mine", event.currentTarget.checked ? "true" : null)}
      />
    </div>
  );
}
