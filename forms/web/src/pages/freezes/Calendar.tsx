import { Link } from "react-router";
import type { FreezeView } from "../../api/types";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import { DATES } from "../../text/formats";
import css from "./Calendar.module.css";
import { freezePath } from "./freezePath";
import { daysOf, partOfDay, touching, type Month } from "./month";

const words = text.freezes.page;

/** A month with the windows that the server has worked out. On a phone the days on which there is something. */
export function Calendar(props: {
  month: Month;
  freezes: readonly FreezeView[];
  today: Date;
  caption: string;
}) {
  const { days, end } = daysOf(props.month);
  const weeks = Array.from({ length: days.length / 7 }, (_, week) => days.slice(week * 7, week * 7 + 7));
  return (
    <table className={css.table}>
      <caption className="visually-hidden">{props.caption}</caption>
      <thead>
        <tr>
          {words.days.map((name, number) => (
            <th key={name} scope="col" abbr={name}>
              {words.daysShort[number]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week, number) => (
          <tr key={week[0]?.toISOString()}>
            {week.map((day, weekday) => (
              <Day
                key={day.toISOString()}
                day={day}
                next={days[number * 7 + weekday + 1] ?? end}
                other={day.getMonth() !== props.month.month}
                today={day.toDateString() === props.today.toDateString()}
                freezes={props.freezes}
              />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Day(props: {
  day: Date;
  next: Date;
  other: boolean;
  today: boolean;
  freezes: readonly FreezeView[];
}) {
  const { day, next } = props;
  const found = props.freezes.flatMap((freeze) =>
    touching(freeze.occurrences, day, next).map((period) => ({ freeze, period })),
  );
  return (
    <td
      className={css.day}
      data-other={props.other}
      data-today={props.today}
      data-filled={found.length > 0}
      aria-current={props.today ? "date" : undefined}
    >
      <span className={css.number}>{day.getDate()}</span>
      <span className={css.long}>
        {day.toLocaleDateString(DATES, { weekday: "long", day: "numeric", month: "long" })}
      </span>
      <div className={css.chips}>
        {found.map(({ freeze, period }) => (
          <Chip key={`${freeze.id} ${period.start}`} freeze={freeze} part={partOfDay(period, day, next)} />
        ))}
      </div>
    </td>
  );
}

/** Of a freeze that is turned round its windows are the open ones. */
function Chip({ freeze, part }: { freeze: FreezeView; part: string }) {
  const open = freeze.spec["frozen"] === "outside";
  return (
    <Link to={freezePath(freeze.id)} className={css.chip} data-tone={open ? "good" : "waiting"}>
      {visible(freeze.title)}: {open ? words.open : words.frozen} {part}
    </Link>
  );
}
