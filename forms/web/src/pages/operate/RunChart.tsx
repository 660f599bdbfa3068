import { useElementSize } from "@mantine/hooks";
import { useId } from "react";
import type { RunCount, RunPart, RunStatistics } from "../../api/types";
import { duration, day } from "../../parts/time";
import { text } from "../../text";
import { DATES, figure } from "../../text/formats";
import type { Tone } from "../../states/states";
import css from "./RunChart.module.css";
import { labelled, niceCeiling, niceSeconds, unbroken } from "./scales";

const words = text.operate.chart;
const HEIGHT = 240;
const BARS = { top: 8, bottom: 132 };
const LINE = { top: 152, bottom: 212 };
const LEFT = 56; // pixels for the numbers of the scales

type Kind = "succeeded" | "failed" | "open" | "other";
/** From the bottom up. The order, the hatching and the table tell them apart where colours do not. */
export const KINDS: readonly { kind: Kind; tone: Tone }[] = [
  { kind: "succeeded", tone: "good" },
  { kind: "failed", tone: "bad" },
  { kind: "open", tone: "active" },
  { kind: "other", tone: "stopped" },
];

/** Runs by how they ended, and below them how long those took that succeeded. A table with the same stands beside it. */
export function RunChart({ seen, onPart }: { seen: RunStatistics; onPart: (part: RunPart) => void }) {
  const { ref, width: measured } = useElementSize();
  const width = measured || 640;
  const hatch = useId();
  const { parts, whole } = seen;
  const column = (width - LEFT) / parts.length;
  const most = niceCeiling(Math.max(...parts.map((part) => part.runs)));
  const shown = labelled(parts.length, width - LEFT, 64);
  return (
    <div className={css.chart}>
      <div ref={ref}>
        <svg
          className={css.picture}
          viewBox={`0 0 ${width} ${HEIGHT}`}
          role="img"
          aria-label={words.summary(whole.runs, whole.succeeded, whole.failed)}
        >
          <defs>
            <pattern
              id={hatch}
              width="6"
              height="6"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect width="6" height="6" className={css.bar} data-tone="bad" />
              <line x1="0" y1="0" x2="0" y2="6" className={css.hatch} />
            </pattern>
          </defs>
          <Scale at={BARS} width={width} top={figure(most)} />
          {parts.map((part, number) => (
            <g key={part.start} className={css.column} onClick={() => onPart(part)}>
              <title>{told(part)}</title>
              <rect
                className={css.hit}
                x={LEFT + number * column}
                y={0}
                width={column}
                height={HEIGHT - 20}
              />
              <Bar part={part} x={LEFT + number * column} column={column} most={most} hatch={hatch} />
              {shown.has(number) && (
                <text className={css.label} x={LEFT + number * column} y={HEIGHT - 6}>
                  {seen.step === "hour" ? hour(part.start) : day(part.start).split(",")[0]}
                </text>
              )}
            </g>
          ))}
          <Medians parts={parts} width={width} column={column} />
        </svg>
      </div>
      <Legend />
    </div>
  );
}

const hour = (iso: string): string =>
  new Date(iso).toLocaleTimeString(DATES, { hour: "2-digit", minute: "2-digit" });

function told(part: RunPart): string {
  const counted = KINDS.filter(({ kind }) => part[kind] > 0).map(
    ({ kind }) => `${words[kind]}: ${part[kind]}`,
  );
  const took =
    part.median_seconds === null ? [] : [`${words.median}: ${duration(part.median_seconds * 1000)}`];
  return [`${day(part.start)}: ${words.runs}: ${part.runs}`, ...counted, ...took].join("\n");
}

function Scale({ at, width, top }: { at: typeof BARS; width: number; top: string }) {
  return (
    <>
      {[at.top, at.bottom].map((y) => (
        <line key={y} className={css.grid} x1={LEFT} x2={width} y1={y} y2={y} />
      ))}
      <text className={css.label} x={LEFT - 8} y={at.top + 8} textAnchor="end">
        {top}
      </text>
      <text className={css.label} x={LEFT - 8} y={at.bottom} textAnchor="end">
        0
      </text>
    </>
  );
}

function Bar(props: { part: RunCount; x: number; column: number; most: number; hatch: string }) {
  const gap = Math.min(4, props.column / 5);
  let y = BARS.bottom;
  return KINDS.map(({ kind, tone }) => {
    const height = (props.part[kind] / props.most) * (BARS.bottom - BARS.top);
    if (height === 0) return null;
    y -= height;
    return (
      <rect
        key={kind}
        className={kind === "failed" ? css.hatched : css.bar}
        data-tone={tone}
        x={props.x + gap / 2}
        y={y}
        width={Math.max(1, Math.min(props.column - gap, 48))}
        height={height}
        fill={kind === "failed" ? `url(#${props.hatch})` : undefined}
      />
    );
  });
}

function Medians({ parts, width, column }: { parts: readonly RunPart[]; width: number; column: number }) {
  const known = parts.flatMap((part) => (part.median_seconds === null ? [] : [part.median_seconds]));
  if (known.length === 0) return null;
  const most = niceSeconds(Math.max(...known));
  const bar = Math.min(column, 48);
  const points = parts.map((part, number) =>
    part.median_seconds === null
      ? null
      : {
          x: LEFT + number * column + bar / 2,
          y: LINE.bottom - (part.median_seconds / most) * (LINE.bottom - LINE.top),
        },
  );
  return (
    <g aria-hidden pointerEvents="none">
      <Scale at={LINE} width={width} top={duration(most * 1000)} />
      {unbroken(points).map((run) => (
        <polyline
          key={run[0]?.x}
          className={css.line}
          points={run.map((point) => `${point.x},${point.y}`).join(" ")}
        />
      ))}
      {points.map(
        (point) => point && <circle key={point.x} className={css.point} cx={point.x} cy={point.y} r={3} />,
      )}
    </g>
  );
}

function Legend() {
  return (
    <ul className={css.legend}>
      {KINDS.map(({ kind, tone }) => (
        <li key={kind}>
          <svg className={css.sample} viewBox="0 0 14 12" aria-hidden>
            <rect className={css.bar} data-tone={tone} width="14" height="12" />
            {kind === "failed" && <path className={css.hatch} d="M0 8 L8 0 M4 12 L14 2" />}
          </svg>
          {words[kind]}
        </li>
      ))}
      <li>
        <svg className={css.sample} viewBox="0 0 14 12" aria-hidden>
          <line className={css.line} x1="0" x2="14" y1="6" y2="6" />
          <circle className={css.point} cx="7" cy="6" r="3" />
        </svg>
        {words.medianLong}
      </li>
    </ul>
  );
}

/** One action's runs over the same time, small: a bar a part, what failed at its foot. */
export function Sparkline({
  label,
  parts,
  most,
}: {
  label: string;
  parts: readonly RunCount[];
  most: number;
}) {
  const column = 160 / parts.length;
  return (
    <svg className={css.spark} viewBox="0 0 160 28" role="img" aria-label={label} preserveAspectRatio="none">
      <line className={css.grid} x1="0" x2="160" y1="27.5" y2="27.5" />
      {parts.map((part, number) => {
        const height = (part.runs / most) * 26;
        const bad = (part.failed / most) * 26;
        const place = { x: number * column, width: Math.max(0.5, column * 0.8) };
        return (
          part.runs > 0 && (
            <g key={number}>
              <rect
                className={css.bar}
                data-tone="stopped"
                {...place}
                y={27 - height}
                height={height - bad}
              />
              <rect className={css.bar} data-tone="bad" {...place} y={27 - bad} height={bad} />
            </g>
          )
        );
      })}
    </svg>
  );
}
