import { Button, Checkbox, Select, TextInput } from "@mantine/core";
import { Search } from "lucide-react";
import type { ActionSummary } from "../../api/types";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./ActionsPage.module.css";
import { tagsOf, type useActionFilter } from "./filter";

const words = text.actions;

/** Words, what it does, what one may run, tags. */
export function ActionFilters(props: {
  items: readonly ActionSummary[];
  by: ReturnType<typeof useActionFilter>;
}) {
  const { filter, put, toggleTag, clear, narrowed } = props.by;
  const tags = tagsOf(props.items);
  return (
    <div className={css.filters} role="search">
      <div className={css.row}>
        <TextInput
          className={css.search}
          aria-label={words.search}
          placeholder={words.search}
          leftSection={<Search size={16} aria-hidden />}
          value={filter.q}
          onChange={(event) => put("q", event.currentTarget.value)}
        />
        <Select
          className={css.operation}
          aria-label={words.operationLabel}
          placeholder={words.anyOperation}
          clearable
          data={Object.entries(words.operations).map(([value, label]) => ({ value, label }))}
          value={filter.operation}
          onChange={(operation) => put("operation", operation)}
          comboboxProps={{ withinPortal: false, transitionProps: { duration: 0 } }}
        />
        <Checkbox
          label={words.onlyMine}
          checked={filter.mine}
          onChange={(event) => put("may", event.currentTarget.checked ? "yes" : null)}
        />
        {narrowed && (
          <Button size="compact-sm" variant="subtle" onClick={clear}>
            {words.clearFilters}
          </Button>
        )}
      </div>
      {tags.length > 0 && (
        <ul className={css.tags} aria-label={words.tags}>
          {tags.map(([tag, count]) => (
            <li key={tag}>
              <button
                type="button"
                className={css.tag}
                aria-pressed={filter.tags.includes(tag)}
                onClick={() => toggleTag(tag)}
              >
                {visible(tag)} <span className="soft tabular">{count}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
