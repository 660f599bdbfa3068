import { Link } from "react-router";
import type { RunView } from "../../api/types";
import { visible } from "../../parts/textOf";
import { duration, exact } from "../../parts/time";
import { useNow } from "../../parts/useNow";
import { isMoving } from "../../states/states";
import { StateIcon } from "../../states/StateBadge";
import { text } from "../../text";
import { partPath } from "./parts";
import { extentOf, spansOf, waitedOf, type Span } from "./spans";
import css from "./Timeline.module.css";

const words = text.runs.timeline;

/** What took how long, and beside what: waiting and work, as bars on one scale. Moves while the run does. */
export function Timeline({ run }: { run: RunView }) {
  const now = useNow(1_000, isMoving(run.state));
  const spans = spansOf(run);
  if (spans.length === 0) return <p className="soft">{words.none}</p>;
  const extent = extentOf(spans, now);
  const waited = waitedOf(spans, now);
  return (
    <div className={css.timeline}>
      <p className="soft">{words.lead(duration(extent.end - extent.start), duration(waited))}</p>
      <ol className={css.rows}>
        {spans.map((span) => (
          <Row key={span.key} span={span} extent={extent} now={now} />
        ))}
      </ol>
      <p className={css.scale} aria-hidden>
        <span>0</span>
        <span>{duration((extent.end - extent.start) / 2)}</span>
        <span>{duration(extent.end - extent.start)}</span>
      </p>
    </div>
  );
}

const lengthOf = (span: Span, now: number) => Math.max(0, (span.end ?? now) - span.start);

function Row({ span, extent, now }: { span: Span; extent: { start: number; end: number }; now: number }) {
  const whole = extent.end - extent.start;
  const left = ((span.start - extent.start) / whole) * 100;
  const width = (lengthOf(span, now) / whole) * 100;
  const name = visible(span.name);
  return (
    <li className={css.row}>
      <span className={css.name} style={{ paddingLeft: `${Math.min(span.depth, 6) * 16}px` }}>
        <StateIcon look={span.look} size={14} />
        {span.part ? (
          <Link to={partPath(span.part)} title={text.runs.log.ofJob(name)}>
            {name}
          </Link>
        ) : (
          <span>{name}</span>
        )}
      </span>
      <span className={css.track} aria-hidden title={`${exact(new Date(span.start).toISOString())}`}>
        <span
          className={css.bar}
          data-tone={span.look.tone}
          data-waits={span.waits || undefined}
          data-open={span.end === null || undefined}
          style={{ left: `${left}%`, width: `${Math.min(width, 100 - left)}%` }}
        />
      </span>
      <span className={css.took}>
        {duration(lengthOf(span, now))}
        <span className="visually-hidden">{words.after(duration(span.start - extent.start))}</span>
      </span>
    </li>
  );
}
