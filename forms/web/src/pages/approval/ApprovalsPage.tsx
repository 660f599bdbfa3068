import { Select, Tabs } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { actionsQuery, approvalsQuery, exceptionsQuery, type ApprovalFilter } from "../../api/queries";
import { useWaiting } from "../../app/useWaiting";
import { Empty, PageHead, Section, TabCount } from "../../parts/Basics";
import { FilterBar } from "../../parts/FilterBar";
import { FilterText } from "../../parts/FilterText";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { useFilters, type Filters } from "../../parts/useFilters";
import { text } from "../../text";
import { ApprovalCards } from "./ApprovalCards";
import css from "./ApprovalsPage.module.css";
import { TaskList } from "../task/TaskList";
import { Reviews } from "./Reviews";

const words = text.approvals;
const LISTS = {
  mine: { mine: true, state: "pending" },
  pending: { state: "pending" },
  decided: { decided: true },
} as const satisfies Record<string, ApprovalFilter>;
type List = keyof typeof LISTS;
const NAMES = Object.keys(LISTS) as List[];

const FILTERS = ["action", "entity", "requester"] as const;
type Narrowed = Filters<(typeof FILTERS)[number]>;

/** `/approvals?list=pending&action=deploy&entity=service:shop&requester=person:ana` */
export default function ApprovalsPage() {
  const shown = useFilters(["list"]);
  const asked = shown.value("list");
  const list =
    asked === "reviews" || asked === "tasks" ? asked : (NAMES.find((name) => name === asked) ?? "mine");
  const waiting = useWaiting();
  useTitle(words.title);
  return (
    <>
      <PageHead
        title={words.title}
        lead={words.lead}
        aside={<Link to="/runs?mine=true&state=waiting_approval">{words.myRequests}</Link>}
      />
      <Tabs value={list} onChange={(next) => shown.set({ list: next === "mine" ? null : next })}>
        <Tabs.List className={css.list}>
          {NAMES.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {words.tabs[name]}
              {name === "mine" && <TabCount count={waiting.approvals} />}
            </Tabs.Tab>
          ))}
          <Tabs.Tab value="tasks">
            {text.tasks.tab}
            <TabCount count={waiting.tasks} />
          </Tabs.Tab>
          <Tabs.Tab value="reviews">{text.emergency.tab}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value={list} className={css.panel}>
          {list === "mine" && <AskedExceptions />}
          {list === "reviews" && <Reviews />}
          {list === "tasks" && <TaskList />}
          {list !== "reviews" && list !== "tasks" && <Found list={list} />}
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** Exceptions to freezes that the asker may grant: decided on the page of their run. */
function AskedExceptions() {
  const asked = useInfiniteQuery(exceptionsQuery(useApi()));
  const mine = asked.data?.pages.flatMap((page) => page.items).filter((one) => one.may_decide.allowed) ?? [];
  if (mine.length === 0 && !asked.hasNextPage && !asked.isError) return null;
  return (
    <Section title={text.freezes.exceptions}>
      <Loaded query={asked}>
        {() =>
          mine.map((one) => (
            <p key={one.id}>
              <Link to={`/runs/${encodeURIComponent(one.run)}`}>
                {visible(one.action)} {one.entity && visible(one.entity)}
              </Link>
              : {visible(one.title)} · {text.freezes.asked(visible(one.asked_by.name))}: {visible(one.reason)}
            </p>
          ))
        }
      </Loaded>
      <MoreButton query={asked} />
    </Section>
  );
}

function Found({ list }: { list: List }) {
  const filters = useFilters(FILTERS);
  const narrowed = Object.fromEntries(FILTERS.map((name) => [name, filters.value(name)]));
  const approvals = useInfiniteQuery({
    ...approvalsQuery(useApi(), { ...LISTS[list], ...narrowed }),
    placeholderData: undefined,
  });
  const [title, detail] = words.empty[list] ?? ["", ""];
  return (
    <>
      <ApprovalFilters filters={filters} />
      <Loaded query={approvals}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length > 0) return <ApprovalCards approvals={items} />;
          return filters.any ? (
            <Empty title={title}>{words.noneFiltered}</Empty>
          ) : (
            <Empty title={title}>
              {detail} {list !== "decided" && <Elsewhere list={list} />}
            </Empty>
          );
        }}
      </Loaded>
      <MoreButton query={approvals} />
    </>
  );
}

/** Where nothing waits, the next list may have what somebody looks for. */
function Elsewhere({ list }: { list: "mine" | "pending" }) {
  const next = list === "mine" ? "pending" : "decided";
  return <Link to={`/approvals?list=${next}`}>{words.see[next]}</Link>;
}

function ApprovalFilters({ filters: { value, set, any, clear } }: { filters: Narrowed }) {
  const actions = useQuery(actionsQuery(useApi()));
  return (
    <FilterBar onClear={any && clear}>
      <Select
        aria-label={text.runs.action}
        placeholder={text.runs.anyAction}
        clearable
        data={(actions.data?.items ?? []).map((action) => ({
          value: action.name,
          label: visible(action.title),
        }))}
        value={value("action") ?? null}
        onChange={(action) => set({ action })}
      />
      <FilterText
        label={text.runs.entity}
        placeholder={text.runs.anyEntity}
        value={value("entity")}
        onFilter={(entity) => set({ entity })}
      />
      <FilterText
        label={words.requester}
        placeholder={text.runs.anybody}
        value={value("requester")}
        onFilter={(requester) => set({ requester })}
      />
    </FilterBar>
  );
}
