/** A choice out of few enough to stand in the schema. Nothing is chosen until somebody chooses. */
import { MultiSelect, Select, type ComboboxItem } from "@mantine/core";
import { ariaDescribedByIds, labelValue, type WidgetProps } from "@rjsf/utils";
import { inWords, visible } from "../parts/textOf";
import { keyOf } from "./FormContext";
import css from "./RemoteSelect.module.css";

interface Choice extends ComboboxItem {
  answer: unknown;
  detail: string | undefined;
}

export function ChoiceSelect(props: WidgetProps) {
  const {
    id,
    htmlName,
    value,
    label,
    hideLabel,
    required,
    multiple,
    rawErrors,
    options,
    schema,
    placeholder,
  } = props;
  const choices = choicesOf(props);
  const answerOf = (key: string) => choices.find((choice) => choice.value === key)?.answer;
  const blocked = (props.disabled ?? false) || (props.readonly ?? false);
  const shared = {
    id,
    name: htmlName || id,
    label: labelValue(visible(label) || undefined, hideLabel, false),
    description: visible(options.description ?? schema.description ?? ""),
    required: required ?? false,
    disabled: blocked,
    error: rawErrors?.length ? rawErrors.join("\n") : undefined,
    placeholder: placeholder || undefined,
    data: choices,
    searchable: choices.length > 8,
    clearable: !required,
    "aria-describedby": ariaDescribedByIds(id),
    comboboxProps: { withinPortal: false, transitionProps: { duration: 0 } },
    onFocus: () => props.onFocus(id, value),
    onBlur: () => props.onBlur(id, value),
    renderOption: ({ option }: { option: ComboboxItem }) => <ChoiceLine choice={option as Choice} />,
  };
  if (multiple) {
    const chosen = Array.isArray(value) ? value.map(keyOf) : [];
    return <MultiSelect {...shared} value={chosen} onChange={(keys) => props.onChange(keys.map(answerOf))} />;
  }
  const chosen = value === undefined || value === null ? null : keyOf(value);
  return (
    <Select
      {...shared}
      value={chosen}
      onChange={(key) => props.onChange(key === null ? undefined : answerOf(key))}
    />
  );
}

function ChoiceLine({ choice }: { choice: Choice }) {
  return (
    <span>
      <span className={css.title}>{choice.label}</span>
      {choice.detail && <span className={css.optionDetail}>{visible(choice.detail)}</span>}
    </span>
  );
}

/** The choices of the schema; an answer that is not among them stays visible, so that its fault can be understood. */
function choicesOf({ options, value }: WidgetProps): Choice[] {
  const offered = (options.enumOptions ?? []).map((option) => ({
    value: keyOf(option.value),
    label: visible(option.label),
    answer: option.value as unknown,
    detail: option.schema?.description,
  }));
  const given = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  const strange = given.filter((one) => !offered.some((choice) => choice.value === keyOf(one)));
  return [
    ...offered,
    ...strange.map((one) => ({
      value: keyOf(one),
      label: inWords(one),
      answer: one as unknown,
      detail: undefined,
    })),
  ];
}
