import { Checkbox, Select } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { actionsQuery, runsQuery } from "../../api/queries";
import type { RunState } from "../../api/types";
import { Empty, PageHead } from "../../parts/Basics";
import { FilterBar } from "../../parts/FilterBar";
import { FilterText } from "../../parts/FilterText";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { PeriodSelect, useStretch } from "../../parts/PeriodSelect";
import { RunTable } from "../../parts/RunTable";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { useFilters, type Filters } from "../../parts/useFilters";
import { text } from "../../text";

const words = text.runs;
const FILTERS = ["state", "action", "entity", "requester", "mine", "time", "since", "until"] as const;
type Filter = (typeof FILTERS)[number];

/** An address that somebody typed may name a state that there is not: then nothing is filtered by it. */
const runState = (name: string | undefined) =>
  name !== undefined && name in text.states.run ? (name as RunState) : undefined;

/** `/runs?state=failed&action=deploy&entity=service:shop&requester=person:ana&time=7d` */
export default function RunsPage() {
  const filters = useFilters(FILTERS);
  const { value } = filters;
  const runs = useInfiniteQuery(
    runsQuery(useApi(), {
      state: runState(value("state")),
      action: value("action"),
      entity: value("entity"),
      requester: value("requester"),
      mine: value("mine") === "true",
      ...useStretch(value),
    }),
  );
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <RunFilters filters={filters} />
      <Loaded query={runs}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length > 0) return <RunTable runs={items} />;
          return filters.any ? (
            <Empty title={words.noneTitle}>{words.noneFiltered}</Empty>
          ) : (
            <Empty title={words.noneTitle}>
              {words.none} <Link to="/actions">{words.toActions}</Link>
            </Empty>
          );
        }}
      </Loaded>
      <MoreButton query={runs} />
    </>
  );
}

function RunFilters({ filters }: { filters: Filters<Filter> }) {
  const actions = useQuery(actionsQuery(useApi()));
  const { value, set, any, clear } = filters;
  return (
    <FilterBar onClear={any && clear}>
      <Select
        aria-label={words.state}
        placeholder={words.anyState}
        clearable
        data={Object.entries(text.states.run).map(([state, label]) => ({ value: state, label }))}
        value={runState(value("state")) ?? null}
        onChange={(state) => set({ state })}
      />
      <Select
        aria-label={words.action}
        placeholder={words.anyAction}
        clearable
        data={(actions.data?.items ?? []).map((action) => ({
          value: action.name,
          label: visible(action.title),
        }))}
        value={value("action") ?? null}
        onChange={(action) => set({ action })}
      />
      <FilterText
        label={words.entity}
        placeholder={words.anyEntity}
        value={value("entity")}
        onFilter={(entity) => set({ entity })}
      />
      <FilterText
        label={words.by}
        placeholder={words.anybody}
        value={value("requester")}
        onFilter={(requester) => set({ requester })}
      />
      <PeriodSelect label={words.time} value={value} onFilter={set} />
      <Checkbox
        label={words.mine}
        checked={value("mine") === "true"}
        onChange={(event) => set({ mine: event.currentTarget.checked ? "true" : null })}
      />
    </FilterBar>
  );
}
