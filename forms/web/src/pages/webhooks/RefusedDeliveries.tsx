import { useQuery } from "@tanstack/react-query";
import { useApi } from "../../api/context";
import { refusedWebhooksQuery } from "../../api/queries";
import type { RefusedWebhookView } from "../../api/types";
import { Empty, Section } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { Loaded } from "../../parts/Loaded";
import { bytes, visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";
import { figure } from "../../text/formats";
import css from "./WebhooksPage.module.css";

const words = text.webhooks.refused;

const COLUMNS: readonly Column<RefusedWebhookView>[] = [
  { head: words.why, main: true, cell: (one) => visible(one.why) },
  { head: words.source, cell: (one) => <code>{visible(one.source)}</code> },
  { head: words.times, number: true, cell: (one) => figure(one.times) },
  { head: words.size, number: true, cell: (one) => bytes(one.size) },
  { head: words.first, tight: true, cell: (one) => <When at={one.first_at} /> },
  { head: words.last, tight: true, cell: (one) => <When at={one.last_at} /> },
];

/** Why deliveries were turned away, counted. Of what they said nothing is kept. */
export function RefusedDeliveries({ connection }: { connection: string }) {
  const found = useQuery(refusedWebhooksQuery(useApi(), connection));
  return (
    <Section title={words.title} flush>
      <Loaded query={found} lines={1}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={words.noneTitle}>{words.none}</Empty>
          ) : (
            <>
              <DataTable
                caption={words.title}
                inside
                columns={COLUMNS}
                rows={items}
                rowKey={(one) => `${one.source} ${one.why}`}
              />
              <p className={`${css.note} soft small`}>{words.note}</p>
            </>
          )
        }
      </Loaded>
    </Section>
  );
}
