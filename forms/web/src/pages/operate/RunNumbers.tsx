import { Link } from "react-router";
import type { ActionCount, RunCount, RunPart, RunStatistics } from "../../api/types";
import { DataTable, type Column } from "../../parts/DataTable";
import { duration, day } from "../../parts/time";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import { figure } from "../../text/formats";
import { Sparkline } from "./RunChart";

const words = text.operate.chart;

/** Of those that succeeded or failed: what was cancelled or is still going says nothing about either. */
function shareOf({ succeeded, failed }: RunCount): string {
  return succeeded + failed === 0 ? words.noShare : words.share(succeeded / (succeeded + failed));
}

const medianOf = ({ median_seconds: median }: RunCount): string =>
  median === null ? "" : duration(median * 1000);

const NUMBERS: readonly Column<RunCount>[] = [
  { head: words.runs, number: true, cell: (one) => figure(one.runs) },
  { head: words.succeeded, number: true, cell: (one) => figure(one.succeeded) },
  { head: words.failed, number: true, cell: (one) => figure(one.failed) },
  { head: words.open, number: true, cell: (one) => figure(one.open) },
  { head: words.other, number: true, cell: (one) => figure(one.other) },
  { head: words.success, number: true, cell: shareOf },
  { head: words.median, number: true, cell: medianOf },
];

/** Each action with its numbers and its own small chart; its name narrows the large one. */
export function ByAction({ seen, chosen }: { seen: RunStatistics; chosen: string | undefined }) {
  const most = Math.max(1, ...seen.actions.flatMap((one) => one.parts.map((part) => part.runs)));
  const columns: Column<ActionCount>[] = [
    {
      head: words.action,
      main: true,
      cell: (one) => (
        <Link
          to={`/runs?${new URLSearchParams({ action: one.action, since: seen.since, until: seen.until })}`}
        >
          {visible(one.title)}
        </Link>
      ),
    },
    {
      head: words.title,
      tight: true,
      cell: (one) => (
        <Sparkline label={words.sparkline(one.title, one.runs, one.failed)} parts={one.parts} most={most} />
      ),
    },
    ...NUMBERS.filter(({ head }) => head !== words.open && head !== words.other),
  ];
  return (
    <DataTable
      caption={words.byAction}
      inside
      columns={columns}
      rows={seen.actions}
      rowKey={(one) => one.action}
      chosen={(one) => one.action === chosen}
    />
  );
}

/** The large chart in numbers: what somebody reads who does not see it. */
export function ByTime({ seen, to }: { seen: RunStatistics; to: (part: RunPart) => string }) {
  const columns: Column<RunPart>[] = [
    {
      head: words.when,
      main: true,
      cell: (part) => <Link to={to(part)}>{day(part.start)}</Link>,
    },
    ...NUMBERS,
  ];
  return (
    <DataTable
      caption={words.title}
      inside
      columns={columns}
      rows={seen.parts.filter((part) => part.runs > 0)}
      rowKey={(part) => part.start}
    />
  );
}
