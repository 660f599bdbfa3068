/** The list of a field with choices on the server. Only what is in sight is drawn: ten thousand scroll like ten. */
import { Combobox } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Check } from "lucide-react";
import { useEffect, useRef } from "react";
import { ProblemNote } from "../parts/Problem";
import { visible } from "../parts/textOf";
import { text } from "../text";
import { keyOf } from "./FormContext";
import css from "./RemoteSelect.module.css";
import type { Choices } from "./useChoices";
import { optionId, type Remote } from "./useRemote";

const words = text.actions.form;
const ROW = 36; // pixels, until a row has been measured
const AHEAD = 15; // rows before the end at which the next page is fetched

export function RemoteOptions(props: { remote: Remote; label: string; chosen: ReadonlySet<string> }) {
  return (
    <Combobox.Dropdown>
      <List {...props} />
      <Failed choices={props.remote.choices} />
    </Combobox.Dropdown>
  );
}

/** By itself, so that it is made when the list opens and knows how high it is. */
function List({ remote, label, chosen }: { remote: Remote; label: string; chosen: ReadonlySet<string> }) {
  const { choices, at, id } = remote;
  const frame = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: choices.items.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 8,
  });
  const drawn = rows.getVirtualItems();
  const last = drawn.at(-1)?.index ?? -1;
  useMore(choices, last);
  useEffect(() => {
    if (at >= 0) rows.scrollToIndex(at);
  }, [at, rows]);
  return (
    <Combobox.Options ref={frame} className={css.options} aria-label={words.choicesOf(label)}>
      <div className={css.all} style={{ height: rows.getTotalSize() }} role="presentation">
        <div
          className={css.shown}
          style={{ transform: `translateY(${drawn[0]?.start ?? 0}px)` }}
          role="presentation"
        >
          {drawn.map((row) => {
            const option = choices.items[row.index];
            if (!option) return null;
            const key = keyOf(option.value);
            return (
              <Combobox.Option
                key={key}
                value={key}
                id={optionId(id, row.index)}
                ref={rows.measureElement}
                data-index={row.index}
                selected={row.index === at}
                active={chosen.has(key)}
                aria-selected={chosen.has(key)}
                aria-posinset={row.index + 1}
                aria-setsize={choices.hasMore ? -1 : choices.items.length}
                className={css.option}
              >
                <span className={css.words}>
                  <span className={css.title}>{visible(option.title)}</span>
                  {option.detail && <span className={css.optionDetail}>{visible(option.detail)}</span>}
                </span>
                {chosen.has(key) && <Check size={14} aria-hidden />}
              </Combobox.Option>
            );
          })}
        </div>
      </div>
      <ListEnd choices={choices} />
    </Combobox.Options>
  );
}

/** The next page, when the end is near. Also when nothing of a page was fit to be shown. */
function useMore(choices: Choices, last: number): void {
  const near = last >= choices.items.length - AHEAD;
  const { hasMore, busy, error, more } = choices;
  useEffect(() => {
    if (near && hasMore && !busy && !error) more();
  }, [near, hasMore, busy, error, more]);
}

/** Below the list, in which buttons have no place. The field keeps the focus: without it the list would close. */
function Failed({ choices }: { choices: Choices }) {
  if (!choices.error) return null;
  return (
    <div role="presentation" onMouseDown={(event) => event.preventDefault()}>
      <ProblemNote error={choices.error} retry={choices.again} />
    </div>
  );
}

function ListEnd({ choices }: { choices: Choices }) {
  if (choices.error && !choices.busy) return <Combobox.Empty>{words.optionsFailed}</Combobox.Empty>;
  if (choices.busy || choices.hasMore) return <Combobox.Empty>{words.loadingOptions}</Combobox.Empty>;
  return choices.items.length === 0 ? <Combobox.Empty>{words.noOptions}</Combobox.Empty> : null;
}
