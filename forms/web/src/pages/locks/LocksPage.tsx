import { Button, Checkbox } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { locksQuery } from "../../api/queries";
import type { LockRow } from "../../api/types";
import { useMe } from "../../app/me";
import { Empty, PageHead, RunLink } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { FilterBar } from "../../parts/FilterBar";
import { FilterText } from "../../parts/FilterText";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { useTitle } from "../../parts/title";
import { useFilters } from "../../parts/useFilters";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { figure } from "../../text/formats";
import { HoldDialog } from "./HoldDialog";
import { lockLook, lockPath } from "./lockLook";

const words = text.locks;

const COLUMNS: readonly Column<LockRow>[] = [
  {
    head: words.key,
    main: true,
    cell: (lock) => <Link to={lockPath(lock.key)}>{visible(lock.key)}</Link>,
  },
  { head: text.runs.state, tight: true, cell: (lock) => <StateBadge look={lockLook(lock)} /> },
  { head: words.who, cell: (lock) => <Holder lock={lock} /> },
  { head: words.since, tight: true, cell: (lock) => lock.since && <When at={lock.since} /> },
  { head: words.waiting, number: true, cell: (lock) => figure(lock.waiting) },
];

/** `/locks?q=shop&waiting=true&held=true` */
export default function LocksPage() {
  const filters = useFilters(["q", "waiting", "held"]);
  const { value, set, any, clear } = filters;
  const found = useInfiniteQuery(
    locksQuery(useApi(), {
      q: value("q"),
      waiting: value("waiting") === "true",
      held: value("held") === "true",
    }),
  );
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} aside={<HoldButton />} />
      <FilterBar onClear={any && clear}>
        <FilterText
          label={words.search}
          placeholder={words.search}
          value={value("q")}
          onFilter={(q) => set({ q })}
        />
        <Checkbox
          label={words.waitedFor}
          checked={value("waiting") === "true"}
          onChange={(event) => set({ waiting: event.currentTarget.checked ? "true" : null })}
        />
        <Checkbox
          label={words.held}
          checked={value("held") === "true"}
          onChange={(event) => set({ held: event.currentTarget.checked ? "true" : null })}
        />
      </FilterBar>
      <Loaded query={found}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          if (rows.length === 0)
            return <Empty title={words.noneTitle}>{any ? words.noneFiltered : words.none}</Empty>;
          return (
            <DataTable caption={words.title} columns={COLUMNS} rows={rows} rowKey={(lock) => lock.key} />
          );
        }}
      </Loaded>
      <MoreButton query={found} />
    </>
  );
}

function Holder({ lock }: { lock: LockRow }) {
  if (lock.holder_run) return <RunLink id={lock.holder_run} />;
  return <span>{visible(lock.text)}</span>;
}

function HoldButton() {
  const [open, setOpen] = useState(false);
  if (!useMe().permissions.includes("locks.hold")) return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>{words.hold.button}</Button>
      {open && <HoldDialog onClose={() => setOpen(false)} />}
    </>
  );
}
