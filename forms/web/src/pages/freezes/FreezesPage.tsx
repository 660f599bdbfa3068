import { ActionIcon, Button, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { freezesQuery } from "../../api/queries";
import type { FreezeView } from "../../api/types";
import { useMe } from "../../app/me";
import { Empty, EntityLink, PageHead } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { Loaded } from "../../parts/Loaded";
import { zone } from "../../parts/period";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { useFilters, type Filters } from "../../parts/useFilters";
import { useNow } from "../../parts/useNow";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { Calendar } from "./Calendar";
import css from "../../parts/Layout.module.css";
import calendar from "./Calendar.module.css";
import { freezeLook, freezePath, whatOf } from "./freezePath";
import { daysOf, monthOf, moved, named, written } from "./month";
import { StopCard } from "./StopCard";
import { WhatIf } from "./WhatIf";

const words = text.freezes.page;
type Shown = "view" | "month";

/** `/freezes?month=2026-12`, `/freezes?view=list` */
export default function FreezesPage() {
  const filters = useFilters(["view", "month"]);
  const mayMake = useMe().permissions.includes("freezes.manage");
  useTitle(words.title);
  return (
    <>
      <PageHead
        title={words.title}
        lead={words.lead}
        aside={
          mayMake && (
            <Button component={Link} to="/freezes/new">
              {words.make}
            </Button>
          )
        }
      />
      <div className={css.stack}>
        {filters.value("view") === "list" ? <All filters={filters} /> : <InMonth filters={filters} />}
        <p className="soft small">
          <Link to="/runs?state=waiting_window">{words.waiting}</Link>. {words.waitingHint}
        </p>
        <WhatIf />
        <StopCard />
      </div>
    </>
  );
}

function View({ filters }: { filters: Filters<Shown> }) {
  return (
    <SegmentedControl
      aria-label={words.views}
      transitionDuration={0}
      data={[
        { value: "month", label: words.month },
        { value: "list", label: words.list },
      ]}
      value={filters.value("view") === "list" ? "list" : "month"}
      onChange={(next) => filters.set({ view: next === "list" ? next : null })}
    />
  );
}

function InMonth({ filters }: { filters: Filters<Shown> }) {
  const today = new Date(useNow(60_000));
  const month = monthOf(filters.value("month"), today);
  const { days, end } = daysOf(month);
  const from = days[0] ?? end;
  const found = useQuery(freezesQuery(useApi(), { from: from.toISOString(), until: end.toISOString() }));
  const go = (by: number) => filters.set({ month: written(moved(month, by)) });
  return (
    <section aria-label={named(month)}>
      <div className={calendar.bar}>
        <ActionIcon variant="default" size="lg" aria-label={words.previous} onClick={() => go(-1)}>
          <ChevronLeft size={18} aria-hidden />
        </ActionIcon>
        <ActionIcon variant="default" size="lg" aria-label={words.next} onClick={() => go(1)}>
          <ChevronRight size={18} aria-hidden />
        </ActionIcon>
        <h2>{named(month)}</h2>
        {filters.value("month") && (
          <Button variant="default" size="compact-sm" onClick={() => filters.set({ month: null })}>
            {words.today}
          </Button>
        )}
        <View filters={filters} />
      </div>
      <Loaded query={found} lines={8}>
        {({ items }) => (
          <>
            {items.every((one) => one.occurrences.length === 0) && (
              <Empty title={words.nothing}>{words.nothingHint}</Empty>
            )}
            <Calendar month={month} freezes={items} today={today} caption={named(month)} />
            <p className={`${calendar.zone} soft small`}>{words.zone(zone())}</p>
          </>
        )}
      </Loaded>
    </section>
  );
}

const COLUMNS: readonly Column<FreezeView>[] = [
  {
    head: words.freeze,
    main: true,
    cell: (one) => <Link to={freezePath(one.id)}>{visible(one.title)}</Link>,
  },
  { head: words.now, tight: true, cell: (one) => <StateBadge look={freezeLook(one)} /> },
  { head: words.when, cell: (one) => visible(one.text) },
  { head: words.what, cell: (one) => visible(whatOf(one)) },
  { head: words.owner, tight: true, cell: (one) => <EntityLink entity={one.owner} /> },
  {
    head: words.from,
    tight: true,
    cell: (one) => (one.made_by ? visible(one.made_by.name) : words.file),
  },
];

function All({ filters }: { filters: Filters<Shown> }) {
  const found = useQuery(freezesQuery(useApi(), null));
  return (
    <section aria-label={words.list}>
      <div className={calendar.bar}>
        <View filters={filters} />
      </div>
      <Loaded query={found}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={words.noneTitle}>{words.noneHint}</Empty>
          ) : (
            <DataTable caption={words.title} columns={COLUMNS} rows={items} rowKey={(one) => one.id} />
          )
        }
      </Loaded>
    </section>
  );
}
