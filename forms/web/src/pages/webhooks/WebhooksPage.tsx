import { Select } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { CircleCheck, Hourglass } from "lucide-react";
import { useApi } from "../../api/context";
import { connectionsQuery, webhooksQuery } from "../../api/queries";
import type { ConnectionView, WebhookView } from "../../api/types";
import { Empty, PageHead, RunLink } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { FilterBar } from "../../parts/FilterBar";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { useTitle } from "../../parts/title";
import { useFilters } from "../../parts/useFilters";
import type { Look } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { RefusedDeliveries } from "./RefusedDeliveries";
import css from "./WebhooksPage.module.css";

const words = text.webhooks;
const READ: Look = { tone: "good", icon: CircleCheck, word: words.read };
const UNREAD: Look = { tone: "waiting", icon: Hourglass, word: words.unread };

const COLUMNS: readonly Column<WebhookView>[] = [
  { head: words.event, main: true, cell: (one) => visible(one.event) },
  { head: words.state, tight: true, cell: (one) => <StateBadge look={one.consumed_at ? READ : UNREAD} /> },
  {
    head: words.run,
    cell: (one) => (one.run ? <RunLink id={one.run} /> : <span className="soft">{words.nobodys}</span>),
  },
  { head: words.external, cell: (one) => visible(one.external_run) },
  { head: words.delivery, cell: (one) => <code>{visible(one.delivery)}</code> },
  { head: words.received, tight: true, cell: (one) => <When at={one.received_at} /> },
];

/** `/webhooks?connection=github` */
export default function WebhooksPage() {
  const filters = useFilters(["connection"]);
  const connections = useQuery(connectionsQuery(useApi()));
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <Loaded query={connections}>
        {({ items }) => {
          const asked = filters.value("connection");
          const chosen = items.find((one) => one.name === asked) ?? items[0];
          if (!chosen) return <Empty title={words.noConnection} />;
          return (
            <>
              <FilterBar>
                <Select
                  aria-label={words.connection}
                  allowDeselect={false}
                  data={items.map((one) => ({ value: one.name, label: one.name }))}
                  value={chosen.name}
                  onChange={(connection) => filters.set({ connection })}
                />
              </FilterBar>
              <div className={css.stack}>
                <section aria-label={words.taken}>
                  <Deliveries connection={chosen} />
                </section>
                <RefusedDeliveries connection={chosen.name} />
              </div>
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function Deliveries({ connection }: { connection: ConnectionView }) {
  const found = useInfiniteQuery(webhooksQuery(useApi(), connection.name));
  return (
    <>
      <Loaded query={found}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          if (rows.length === 0)
            return (
              <Empty title={words.noneTitle}>{connection.stream === null ? words.none : words.stream}</Empty>
            );
          return (
            <DataTable
              caption={words.title}
              columns={COLUMNS}
              rows={rows}
              rowKey={(one) => `${one.delivery} ${one.external_run}`}
            />
          );
        }}
      </Loaded>
      <MoreButton query={found} />
    </>
  );
}
