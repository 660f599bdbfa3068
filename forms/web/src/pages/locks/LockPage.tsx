import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { useApi } from "../../api/context";
import { lockQuery } from "../../api/queries";
import { ApiError } from "../../api/problem";
import type { LockDetail, QueuedThere, RunningThere } from "../../api/types";
import {
  Callout,
  Empty,
  EntityLink,
  Facts,
  OutLink,
  PageHead,
  PersonName,
  RunLink,
  Section,
} from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { Loaded } from "../../parts/Loaded";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { capital, visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { useTitle } from "../../parts/title";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { figure } from "../../text/formats";
import { EndHold } from "./EndHold";
import { HoldDialog } from "./HoldDialog";
import css from "./LockPage.module.css";
import { lockLook } from "./lockLook";
import { TakeAway } from "./TakeAway";

const words = text.locks;

/** `/lock?key=shop/production` */
export default function LockPage() {
  const [search] = useSearchParams();
  const key = search.get("key") ?? "";
  const found = useQuery(lockQuery(useApi(), key));
  useTitle(key);
  const gone = found.error instanceof ApiError && found.error.status === 404;
  if (gone)
    return (
      <>
        <PageHead back={{ to: "/locks", label: words.back }} title={visible(key)} />
        <Empty title={words.free}>{words.nobody}</Empty>
      </>
    );
  return (
    <Loaded query={found} lines={6} page>
      {(lock) => <Whole lock={lock} />}
    </Loaded>
  );
}

function Whole({ lock }: { lock: LockDetail }) {
  return (
    <>
      <PageHead
        back={{ to: "/locks", label: words.back }}
        title={visible(lock.key)}
        lead={capital(visible(lock.text))}
        aside={<Buttons lock={lock} />}
      />
      <div className={css.columns}>
        <div className={css.stack}>
          <Holder lock={lock} />
          {lock.running.length > 0 && (
            <Section title={words.running} flush>
              <DataTable
                caption={words.running}
                inside
                columns={RUNNING}
                rows={lock.running}
                rowKey={(one) => `${one.step} ${one.external_run}`}
              />
            </Section>
          )}
        </div>
        <Queue lock={lock} />
      </div>
    </>
  );
}

function Buttons({ lock }: { lock: LockDetail }) {
  const [open, setOpen] = useState<"hold" | "force" | null>(null);
  const close = () => setOpen(null);
  const mayBeHeld = lock.hold === null && lock.next_hold === null;
  return (
    <>
      {mayBeHeld && (
        <ReasonedButton may={lock.may_hold} variant="default" onClick={() => setOpen("hold")}>
          {words.hold.this}
        </ReasonedButton>
      )}
      {lock.fence !== null && (
        <ReasonedButton may={lock.may_release} variant="outline" color="red" onClick={() => setOpen("force")}>
          {words.force.button}
        </ReasonedButton>
      )}
      {open === "hold" && <HoldDialog lockKey={lock.key} onClose={close} />}
      {open === "force" && lock.fence !== null && <TakeAway lock={lock} fence={lock.fence} onClose={close} />}
    </>
  );
}

function Holder({ lock }: { lock: LockDetail }) {
  const hold = lock.hold ?? lock.next_hold;
  return (
    <Section title={words.holder} aside={<StateBadge look={lockLook(lock)} />}>
      <div className={css.stack}>
        <Facts
          facts={[
            lock.fence !== null &&
              lock.hold === null && [
                words.run,
                lock.holder ? (
                  <RunSummaryLine key="run" run={lock.holder} />
                ) : lock.holder_run ? (
                  <RunLink key="run" id={lock.holder_run} />
                ) : (
                  words.hiddenRun
                ),
              ],
            lock.since !== null && [words.since, <When key="since" at={lock.since} />],
            lock.fence !== null && [words.number, figure(lock.fence)],
            hold !== null && [
              lock.hold ? words.who : words.next,
              <PersonName key="person" person={hold.by} />,
            ],
            hold !== null && [words.reason, visible(hold.reason)],
            hold !== null && [words.until, hold.until ? <When key="until" at={hold.until} /> : words.noEnd],
          ]}
        />
        {lock.fence !== null && <p className="soft small">{words.numberMeans}</p>}
        {lock.warning && lock.may_release.allowed && (
          <Callout tone="waiting" icon={<TriangleAlert size={18} aria-hidden />}>
            {visible(lock.warning)}
          </Callout>
        )}
        {hold && <EndHold hold={hold} may={lock.may_hold} />}
      </div>
    </Section>
  );
}

function RunSummaryLine({ run }: { run: NonNullable<LockDetail["holder"]> }) {
  return (
    <>
      <RunLink id={run.id}>{visible(run.action_title)}</RunLink>{" "}
      {run.entity && <EntityLink entity={run.entity} />}, <PersonName person={run.requester} />
    </>
  );
}

const RUNNING: readonly Column<RunningThere>[] = [
  {
    head: words.system,
    main: true,
    cell: (one) => <OutLink url={one.url}>{visible(one.connection)}</OutLink>,
  },
  { head: words.external, cell: (one) => visible(one.external_run ?? words.notFound) },
  { head: words.state, cell: (one) => (one.ended ? words.ended : visible(one.detail)) },
];

const QUEUE: readonly Column<QueuedThere>[] = [
  { head: words.place, tight: true, cell: (one) => figure(one.place) },
  { head: words.run, main: true, cell: (one) => <RunSummaryLine run={one.run} /> },
  {
    head: words.expected,
    tight: true,
    cell: (one) =>
      one.expected_at ? <When at={one.expected_at} /> : <span className="soft">{words.noExpected}</span>,
  },
];

function Queue({ lock }: { lock: LockDetail }) {
  const more = lock.waiting - lock.queue.length;
  return (
    <Section title={words.queue} flush>
      {lock.queue.length === 0 ? (
        <Empty title={words.noQueue} />
      ) : (
        <DataTable
          caption={words.queue}
          inside
          columns={QUEUE}
          rows={lock.queue}
          rowKey={(one) => String(one.place)}
        />
      )}
      {lock.queue.length > 0 && (
        <p className={`${css.more} soft small`}>
          {more > 0 && `${words.moreQueued(more)}. `}
          {words.expectedHint}
        </p>
      )}
    </Section>
  );
}
