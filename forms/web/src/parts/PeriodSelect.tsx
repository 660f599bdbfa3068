import { Select } from "@mantine/core";
import { text } from "../text";
import { isPeriod, moment, type Period, sinceOf, type Stretch } from "./period";
import { day } from "./time";
import { useNow } from "./useNow";

const words = text.operate;
const BETWEEN = "between";
type Named = "time" | "since" | "until";
type Value = (name: Named) => string | undefined;

/** What the address says; `usual` where it says nothing. */
export function useStretch(value: Value, usual?: Period): Stretch {
  const now = useNow(60_000);
  const since = moment(value("since"));
  const until = moment(value("until"));
  if (since || until) return { since, until };
  const named = value("time");
  const period = isPeriod(named) ? named : usual;
  return period ? { since: sinceOf(period, now) } : {};
}

/** One of the usual stretches; one between two moments, which a chart led to, stands there as it is. */
export function PeriodSelect(props: {
  value: Value;
  label: string;
  usual?: Period;
  onFilter: (changes: Record<Named, string | null>) => void;
}) {
  const { value, usual } = props;
  const [since, until] = [moment(value("since")), moment(value("until"))];
  const periods: { value: string; label: string }[] = Object.entries(words.periods).map(([name, label]) => ({
    value: name,
    label,
  }));
  if (since || until)
    periods.unshift({
      value: BETWEEN,
      label: words.between(since ? day(since) : words.ever, until ? day(until) : words.now),
    });
  const named = value("time");
  return (
    <Select
      aria-label={props.label}
      placeholder={words.anyTime}
      clearable={!usual}
      allowDeselect={false}
      data={periods}
      value={since || until ? BETWEEN : isPeriod(named) ? named : (usual ?? null)}
      onChange={(next) => {
        if (next !== BETWEEN)
          props.onFilter({ time: next === usual ? null : next, since: null, until: null });
      }}
    />
  );
}
