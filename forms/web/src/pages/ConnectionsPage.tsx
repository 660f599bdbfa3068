import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleHelp, CircleX, Hourglass } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { useApi } from "../api/context";
import { connectionsQuery, webhooksQuery } from "../api/queries";
import type { ConnectionView, WebhookView } from "../api/types";
import { useMe } from "../app/me";
import { Callout, Empty, Facts, PageHead, RunLink, Section } from "../parts/Basics";
import { Loaded } from "../parts/Loaded";
import { MoreButton } from "../parts/MoreButton";
import { visible } from "../parts/textOf";
import { When } from "../parts/Times";
import { useTitle } from "../parts/title";
import { useNow } from "../parts/useNow";
import type { Look } from "../states/states";
import { StateBadge } from "../states/StateBadge";
import { text } from "../text";
import css from "./ConnectionsPage.module.css";

const words = text.connections;

/** `/connections`: CI systems, what they still allow, how they are followed, and what they told us. */
export default function ConnectionsPage() {
  const connections = useQuery({ ...connectionsQuery(useApi()), refetchInterval: 10_000 });
  const mayReadWebhooks = useMe().permissions.includes("webhooks.read");
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <Loaded query={connections} page>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={words.none}>{words.noneHint}</Empty>
          ) : (
            <div className={css.list}>
              {items.map((one) => (
                <Connection key={one.name} connection={one} mayReadWebhooks={mayReadWebhooks} />
              ))}
            </div>
          )
        }
      </Loaded>
    </>
  );
}

function lookOf(connection: ConnectionView): Look {
  if (connection.held_until) return { tone: "waiting", icon: Hourglass, word: words.states.held };
  if (connection.reachable === null) return { tone: "quiet", icon: CircleHelp, word: words.states.unknown };
  if (!connection.reachable) return { tone: "bad", icon: CircleX, word: words.states.silent };
  return { tone: "good", icon: CircleCheck, word: words.states.answers };
}

function Connection({
  connection,
  mayReadWebhooks,
}: {
  connection: ConnectionView;
  mayReadWebhooks: boolean;
}) {
  return (
    <Section
      title={
        <>
          {visible(connection.name)} <span className={css.kind}>{visible(connection.title)}</span>
        </>
      }
      aside={<StateBadge look={lookOf(connection)} />}
    >
      <div className={css.body}>
        {connection.held_until && (
          <Callout tone="waiting" icon={<Hourglass size={18} aria-hidden />} title={words.heldTitle}>
            {words.held} <When at={connection.held_until} />.
          </Callout>
        )}
        {connection.last_error && (
          <Callout tone="bad" icon={<CircleX size={18} aria-hidden />} title={words.lastError}>
            {visible(connection.last_error)}
          </Callout>
        )}
        <div className={css.columns}>
          <Following connection={connection} />
          <Budget connection={connection} />
        </div>
        {mayReadWebhooks && sendsWebhooks(connection) && (
          <Webhooks name={connection.name} last={connection.webhook_at} />
        )}
      </div>
    </Section>
  );
}

/** A CI system has either a stream of events that we listen to, or webhooks that it sends. */
const sendsWebhooks = (connection: ConnectionView): boolean => connection.stream === null;

function Following({ connection }: { connection: ConnectionView }) {
  return (
    <Facts
      facts={[
        [words.address, <code key="address">{visible(connection.address)}</code>],
        [words.open, words.openRuns(connection.open_runs, connection.projects)],
        connection.pace !== null && [words.pace, words.every(connection.pace)],
        [words.polled, <When key="polled" at={connection.polled_at} />],
        connection.stream !== null && [words.stream, visible(connection.stream)],
        sendsWebhooks(connection) && [
          words.webhook,
          connection.webhook_at ? <When key="hook" at={connection.webhook_at} /> : words.never,
        ],
        [words.logs, connection.live_logs ? words.logsLive : words.logsLate],
      ]}
    />
  );
}

/** What is spent of our own budget, and what is left of the vendor's limit. */
function Budget({ connection }: { connection: ConnectionView }) {
  const { requests, allowance, limit, budget_left: left, resets_at: resets } = connection;
  const now = useNow(20_000);
  return (
    <div className={css.budget}>
      {allowance !== null && (
        <Meter label={words.spent} value={requests} of={allowance}>
          {words.spentOf(requests, allowance)}
        </Meter>
      )}
      {limit !== null && left !== null ? (
        <Meter label={words.used} value={limit - left} of={limit} warns>
          {words.leftOf(left, limit)}
          {resets && (
            <>
              , {Date.parse(resets) > now ? words.resets : words.wasReset} <When at={resets} />
            </>
          )}
        </Meter>
      ) : (
        <p className="soft small">{words.noLimit}</p>
      )}
    </div>
  );
}

function Meter(props: { label: string; value: number; of: number; warns?: boolean; children: ReactNode }) {
  const share = props.of > 0 ? Math.min(1, Math.max(0, props.value / props.of)) : 0;
  // Its own budget is there to be used; the vendor's limit is not.
  const tone = !props.warns || share <= 0.7 ? "active" : share > 0.9 ? "bad" : "waiting";
  return (
    <div>
      <div className={css.meterLabel}>
        <span>{props.label}</span>
      </div>
      <meter className={css.meter} aria-label={props.label} min={0} max={1} value={share} data-tone={tone} />
      <p className="soft small">{props.children}</p>
    </div>
  );
}

function Webhooks({ name, last }: { name: string; last: string | null }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{last ? words.deliveries : words.noDeliveries}</summary>
      {open && <Deliveries name={name} />}
    </details>
  );
}

function Deliveries({ name }: { name: string }) {
  const found = useInfiniteQuery(webhooksQuery(useApi(), name));
  return (
    <>
      <Loaded query={found} lines={1}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          return items.length === 0 ? <NoDeliveries connection={name} /> : <Received items={items} />;
        }}
      </Loaded>
      <MoreButton query={found} />
    </>
  );
}

function NoDeliveries({ connection }: { connection: string }) {
  return (
    <p className="soft small">
      {words.noDeliveriesHint}{" "}
      <Link to={`/webhooks?${new URLSearchParams({ connection })}`}>{words.refusedDeliveries}</Link>
    </p>
  );
}

function Received({ items }: { items: readonly WebhookView[] }) {
  return (
    <ul className={css.deliveries}>
      {items.map((one) => (
        <li key={`${one.delivery} ${one.external_run}`}>
          <span className={css.event}>{visible(one.event)}</span>
          <span>{one.run ? <RunLink id={one.run} /> : words.nobodys(visible(one.external_run))}</span>
          <span className="soft small">
            <When at={one.received_at} /> · {one.consumed_at ? words.read : words.unread}
          </span>
        </li>
      ))}
    </ul>
  );
}
