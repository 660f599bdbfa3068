import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { useApi } from "../../api/context";
import { firingsQuery, scheduleQuery } from "../../api/queries";
import type { FiringView, ScheduleView, TimeView } from "../../api/types";
import { Empty, EntityLink, Facts, PageHead, PersonName, RunLink, Section } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { Readable } from "../../parts/Json";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { capital, visible } from "../../parts/textOf";
import { Moment, When } from "../../parts/Times";
import { useTitle } from "../../parts/title";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { firingLook, scheduleLook } from "./looks";
import { ScheduleButtons } from "./ScheduleButtons";
import css from "../../parts/Layout.module.css";

const words = text.schedules.one;

/** `/schedules/nightly-restart` */
export default function SchedulePage() {
  const { id = "" } = useParams();
  const found = useQuery(scheduleQuery(useApi(), id));
  useTitle(found.data?.title);
  return (
    <Loaded query={found} lines={6} page>
      {(schedule) => (
        <>
          <PageHead
            back={{ to: "/schedules", label: words.back }}
            title={visible(schedule.title)}
            lead={schedule.description ? visible(schedule.description) : undefined}
            aside={<ScheduleButtons schedule={schedule} />}
          />
          <div className={css.stack}>
            <div className={css.columns}>
              <div className={css.stack}>
                <About schedule={schedule} />
                <Section title={words.rules}>
                  <Readable value={schedule.spec} />
                </Section>
              </div>
              <Section title={words.upcoming} flush>
                <Times times={schedule.upcoming} />
              </Section>
            </div>
            <History schedule={schedule} />
          </div>
        </>
      )}
    </Loaded>
  );
}

function About({ schedule }: { schedule: ScheduleView }) {
  return (
    <Section title={capital(visible(schedule.text))} aside={<StateBadge look={scheduleLook(schedule)} />}>
      <Facts
        facts={[
          [
            text.schedules.action,
            <Link key="action" to={`/actions/${encodeURIComponent(schedule.action)}`}>
              {visible(schedule.action)}
            </Link>,
          ],
          schedule.entity !== null && [
            text.schedules.on,
            <EntityLink key="entity" entity={schedule.entity} />,
          ],
          [words.owner, <EntityLink key="owner" entity={schedule.owner} />],
          schedule.paused_by !== null && [
            words.pausedBy,
            <PersonName key="by" person={schedule.paused_by} />,
          ],
          schedule.failures > 0 && [words.failures, schedule.failures],
          [words.from, schedule.from_file ? words.file : words.here],
          [words.changed, <When key="changed" at={schedule.changed_at} />],
        ]}
      />
    </Section>
  );
}

const TIMES: readonly Column<TimeView>[] = [
  { head: words.at, main: true, cell: (one) => visible(one.local) },
  { head: words.note, cell: (one) => one.note && visible(one.note) },
];

/** Also of a schedule that there is not yet. */
export function Times({ times }: { times: readonly TimeView[] }) {
  if (times.length === 0) return <Empty title={words.none} />;
  return <DataTable caption={words.upcoming} inside columns={TIMES} rows={times} rowKey={(one) => one.at} />;
}

const FIRINGS: readonly Column<FiringView>[] = [
  {
    head: words.at,
    main: true,
    cell: (one) => (
      <>
        <Moment at={one.at} />
        {one.count > 1 && ` (${words.several(one.count)})`}
        {one.by && ` (${words.byHand(visible(one.by.name))})`}
      </>
    ),
  },
  { head: text.schedules.state, tight: true, cell: (one) => <StateBadge look={firingLook(one)} /> },
  { head: words.result, cell: (one) => visible(one.text) },
  { head: words.run, tight: true, cell: (one) => one.run && <RunLink id={one.run} /> },
];

function History({ schedule }: { schedule: ScheduleView }) {
  const found = useInfiniteQuery(firingsQuery(useApi(), schedule.id));
  return (
    <Section title={words.history} flush>
      <Loaded query={found}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          if (rows.length === 0) return <Empty title={words.noHistory} />;
          return (
            <>
              <DataTable
                caption={words.history}
                inside
                columns={FIRINGS}
                rows={rows}
                rowKey={(one) => one.at}
              />
              <MoreButton query={found} />
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}
