import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { eventsQuery } from "../../api/queries";
import type { EventSummary } from "../../api/types";
import { Empty, PageHead } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { useTitle } from "../../parts/title";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { eventPath, reactionLook, sourceName } from "./looks";

const words = text.triggers.events;

/** `/events` */
export default function EventsPage() {
  const found = useInfiniteQuery(eventsQuery(useApi()));
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <Loaded query={found} lines={6}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          if (rows.length === 0) return <Empty title={words.noneTitle}>{words.noneHint}</Empty>;
          return (
            <>
              <DataTable caption={words.title} columns={COLUMNS} rows={rows} rowKey={(one) => one.id} />
              <MoreButton query={found} />
            </>
          );
        }}
      </Loaded>
    </>
  );
}

const COLUMNS: readonly Column<EventSummary>[] = [
  { head: words.event, main: true, cell: (one) => <Link to={eventPath(one.id)}>{one.id}</Link> },
  { head: words.source, cell: (one) => visible(sourceName(one.source)) },
  { head: words.key, cell: (one) => one.key && visible(one.key) },
  { head: words.received, tight: true, cell: (one) => <When at={one.received_at} /> },
  {
    head: words.caused,
    cell: (one) =>
      one.caused.length === 0
        ? words.nothing
        : one.caused.map((it) => (
            <StateBadge key={`${it.trigger} ${it.item} ${it.turn}`} look={reactionLook(it)} />
          )),
  },
];
