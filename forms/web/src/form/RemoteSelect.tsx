/** A choice out of many, searched and paged on the server: entities, tags, branches. */
import { Combobox, InputBase, Loader, useCombobox } from "@mantine/core";
import { ariaDescribedByIds, labelValue, type WidgetProps } from "@rjsf/utils";
import { ChevronsUpDown, X } from "lucide-react";
import { useState } from "react";
import { ApiError } from "../api/problem";
import { inWords, visible } from "../parts/textOf";
import { text } from "../text";
import type { FormContext } from "./FormContext";
import css from "./RemoteSelect.module.css";
import { useChoices, useTitles, type Choices } from "./useChoices";

const words = text.actions.form;
const END = 48; // pixels from the end of the list at which the next page is fetched

export function RemoteSelect(props: WidgetProps) {
  const {
    id,
    value,
    label,
    hideLabel,
    required,
    disabled,
    readonly,
    placeholder,
    rawErrors,
    options,
    schema,
  } = props;
  const [search, setSearch] = useState<string | null>(null);
  const field = props.name;
  const choices = useChoices(props.registry.formContext as FormContext, field, search);
  const titles = useTitles(choices.items);
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption();
      setSearch(null);
    },
  });
  const blocked = (disabled ?? false) || (readonly ?? false);
  const chosen = titles.get(JSON.stringify(value));
  const shown = value === undefined || value === null ? "" : (chosen?.title ?? inWords(value));
  const open = () => {
    setSearch((typed) => typed ?? "");
    combobox.openDropdown();
  };
  const pick = (key: string) => {
    props.onChange(titles.get(key)?.value);
    combobox.closeDropdown();
  };

  return (
    <Combobox store={combobox} onOptionSubmit={pick} withinPortal={false} transitionProps={{ duration: 0 }}>
      <Combobox.Target withExpandedAttribute>
        <InputBase
          id={id}
          label={labelValue(label || undefined, hideLabel, false)}
          description={options.description ?? schema.description}
          required={required ?? false}
          disabled={blocked}
          error={rawErrors?.length ? rawErrors.join("\n") : undefined}
          aria-describedby={ariaDescribedByIds(id)}
          autoComplete="off"
          placeholder={placeholder || words.typeToSearch}
          value={search ?? shown}
          onChange={(event) => {
            setSearch(event.currentTarget.value);
            combobox.openDropdown();
            combobox.updateSelectedOptionIndex();
          }}
          onClick={open}
          onFocus={() => props.onFocus(id, value)}
          onBlur={() => {
            combobox.closeDropdown();
            props.onBlur(id, value);
          }}
          rightSectionPointerEvents={value !== undefined && !required ? "all" : "none"}
          rightSection={
            <RightSide
              busy={choices.busy}
              clear={value !== undefined && !required && !blocked ? () => props.onChange(undefined) : null}
            />
          }
        />
      </Combobox.Target>
      {chosen?.detail && <p className={css.detail}>{visible(chosen.detail)}</p>}
      <Combobox.Dropdown>
        <Combobox.Options
          className={css.options}
          aria-label={words.choicesOf(label || field)}
          onScroll={(event) => {
            const list = event.currentTarget;
            if (list.scrollHeight - list.scrollTop - list.clientHeight < END) choices.more();
          }}
        >
          {choices.items.map((option) => (
            <Combobox.Option key={JSON.stringify(option.value)} value={JSON.stringify(option.value)}>
              <span className={css.title}>{visible(option.title)}</span>
              {option.detail && <span className={css.optionDetail}>{visible(option.detail)}</span>}
            </Combobox.Option>
          ))}
          <ListEnd choices={choices} />
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

function RightSide({ busy, clear }: { busy: boolean; clear: (() => void) | null }) {
  if (busy) return <Loader size={14} aria-label={words.loadingOptions} />;
  if (!clear) return <ChevronsUpDown size={14} aria-hidden />;
  return (
    <button
      type="button"
      className={css.clear}
      aria-label={text.clear}
      onMouseDown={(e) => e.preventDefault()}
      onClick={clear}
    >
      <X size={14} aria-hidden />
    </button>
  );
}

function ListEnd({ choices }: { choices: Choices }) {
  if (choices.error) {
    const why = choices.error instanceof ApiError ? choices.error.message : words.optionsFailed;
    return <Combobox.Empty>{visible(why)}</Combobox.Empty>;
  }
  if (choices.items.length === 0) {
    return <Combobox.Empty>{choices.busy ? words.loadingOptions : words.noOptions}</Combobox.Empty>;
  }
  return choices.hasMore ? (
    <Combobox.Footer className={css.more}>{words.loadingOptions}</Combobox.Footer>
  ) : null;
}
