/** Several choices out of many, searched on the server. */
import { MultiSelect } from "@mantine/core";
import { ariaDescribedByIds, labelValue, type WidgetProps } from "@rjsf/utils";
import { useState } from "react";
import { inWords, visible } from "../parts/textOf";
import { text } from "../text";
import type { FormContext } from "./FormContext";
import { useChoices, useTitles } from "./useChoices";

const words = text.actions.form;
const keyOf = (value: unknown): string => JSON.stringify(value);

export function RemoteList(props: WidgetProps) {
  const { id, label, hideLabel, required, rawErrors, options, schema } = props;
  const [search, setSearch] = useState<string | null>(null);
  const choices = useChoices(props.registry.formContext as FormContext, props.name, search);
  const titles = useTitles(choices.items);
  const chosen: unknown[] = Array.isArray(props.value) ? props.value : [];
  const seen = new Map(choices.items.map((option) => [keyOf(option.value), visible(option.title)]));
  for (const value of chosen) {
    const key = keyOf(value);
    if (!seen.has(key)) seen.set(key, visible(titles.get(key)?.title ?? inWords(value)));
  }
  return (
    <MultiSelect
      id={id}
      label={labelValue(label || undefined, hideLabel, false)}
      description={options.description ?? schema.description}
      required={required ?? false}
      disabled={(props.disabled ?? false) || (props.readonly ?? false)}
      error={rawErrors?.length ? rawErrors.join("\n") : undefined}
      placeholder={chosen.length === 0 ? words.typeToSearch : undefined}
      aria-describedby={ariaDescribedByIds(id)}
      searchable
      clearable={!required}
      data={[...seen].map(([value, title]) => ({ value, label: title }))}
      // The server has searched already.
      filter={({ options: all }) => all}
      nothingFoundMessage={choices.busy ? words.loadingOptions : words.noOptions}
      value={chosen.map(keyOf)}
      onSearchChange={setSearch}
      onChange={(keys) => props.onChange(keys.map((key) => JSON.parse(key) as unknown))}
      onFocus={() => {
        setSearch((typed) => typed ?? "");
        props.onFocus(id, chosen);
      }}
      onBlur={() => props.onBlur(id, chosen)}
      comboboxProps={{ withinPortal: false, transitionProps: { duration: 0 } }}
    />
  );
}
