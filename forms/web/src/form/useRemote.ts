/** What a field with choices on the server needs, whether it takes one or several: search, list, keyboard. */
import { useVirtualizedCombobox, type ComboboxStore } from "@mantine/core";
import { useState } from "react";
import type { OptionView } from "../api/types";
import { keyOf, type FormContext } from "./FormContext";
import { useChoices, type Choices } from "./useChoices";

export interface Remote {
  id: string;
  choices: Choices;
  combobox: ComboboxStore;
  /** Where the arrow keys are in the list; -1: nowhere. */
  at: number;
  /** What is typed; null while nobody searches. */
  search: string | null;
  type: (words: string) => void;
  open: () => void;
  /** For the list, which hands back the key of what was pressed. */
  submit: (key: string) => void;
  titleOf: (value: unknown) => OptionView | undefined;
}

export const optionId = (id: string, index: number): string => `${id}-option-${index}`;

export function useRemote(
  { id, field, context }: { id: string; field: string; context: FormContext },
  onPick: (option: OptionView) => void,
): Remote {
  const [search, setSearch] = useState<string | null>(null);
  const [opened, setOpened] = useState(false);
  const [at, setAt] = useState(-1);
  const choices = useChoices(context, field, search);
  for (const option of choices.items) context.seen.set(`${field} ${keyOf(option.value)}`, option);
  const titleOf = (value: unknown) => context.seen.get(`${field} ${keyOf(value)}`);
  const pick = (option: OptionView | undefined) => {
    if (!option) return;
    onPick(option);
    close();
  };
  const close = () => {
    setOpened(false);
    setAt(-1);
    setSearch(null);
  };
  const combobox = useVirtualizedCombobox({
    opened,
    onOpenedChange: (next) => (next ? setOpened(true) : close()),
    totalOptionsCount: choices.items.length,
    getOptionId: (index) => optionId(id, index),
    selectedOptionIndex: at,
    setSelectedOptionIndex: setAt,
    activeOptionIndex: 0,
    onSelectedOptionSubmit: (index) => pick(choices.items[index]),
    loop: false, // behind the last one more may come
  });
  const open = () => {
    setSearch((typed) => typed ?? "");
    combobox.openDropdown();
  };
  const type = (words: string) => {
    setSearch(words);
    setAt(-1);
    combobox.openDropdown();
  };
  return {
    ...{ id, choices, combobox, at, search, type, open, titleOf },
    submit: (key) => pick(choices.items.find((option) => keyOf(option.value) === key)),
  };
}
