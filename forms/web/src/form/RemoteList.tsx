/** Several choices out of many, searched and paged on the server. */
import { Combobox, Pill, PillsInput } from "@mantine/core";
import { ariaDescribedByIds, labelValue, type WidgetProps } from "@rjsf/utils";
import { inWords, visible } from "../parts/textOf";
import { text } from "../text";
import { keyOf, type FormContext } from "./FormContext";
import { RemoteOptions } from "./RemoteOptions";
import { useRemote } from "./useRemote";

const words = text.actions.form;

export function RemoteList(props: WidgetProps) {
  const { id, label, hideLabel, required, rawErrors, options, schema } = props;
  const chosen: unknown[] = Array.isArray(props.value) ? props.value : [];
  const without = (key: string) => chosen.filter((value) => keyOf(value) !== key);
  const remote = useRemote(
    { id, field: props.name, context: props.registry.formContext as FormContext },
    ({ value }) => {
      const others = without(keyOf(value));
      // What is chosen already is given back when it is pressed again.
      props.onChange(others.length < chosen.length ? others : [...chosen, value]);
    },
  );
  const blocked = (props.disabled ?? false) || (props.readonly ?? false);
  return (
    <Combobox
      store={remote.combobox}
      onOptionSubmit={remote.submit}
      resetSelectionOnOptionHover
      withinPortal={false}
      transitionProps={{ duration: 0 }}
    >
      <Combobox.DropdownTarget>
        <PillsInput
          id={id}
          label={labelValue(visible(label) || undefined, hideLabel, false)}
          description={visible(options.description ?? schema.description ?? "")}
          required={required ?? false}
          disabled={blocked}
          error={rawErrors?.length ? rawErrors.join("\n") : undefined}
          onClick={remote.open}
        >
          <Pill.Group disabled={blocked}>
            {chosen.map((value) => (
              <Pill
                key={keyOf(value)}
                withRemoveButton={!blocked}
                onRemove={() => props.onChange(without(keyOf(value)))}
              >
                {visible(remote.titleOf(value)?.title ?? inWords(value))}
              </Pill>
            ))}
            <Combobox.EventsTarget withExpandedAttribute>
              <PillsInput.Field
                id={id}
                aria-describedby={ariaDescribedByIds(id)}
                autoComplete="off"
                disabled={blocked}
                placeholder={chosen.length === 0 ? words.typeToSearch : ""}
                value={remote.search ?? ""}
                onChange={(event) => remote.type(event.currentTarget.value)}
                onFocus={() => {
                  remote.open();
                  props.onFocus(id, chosen);
                }}
                onBlur={() => {
                  remote.combobox.closeDropdown();
                  props.onBlur(id, chosen);
                }}
                onKeyDown={(event) => {
                  if (event.key === "ArrowDown") remote.open();
                  if (event.key === "Backspace" && !remote.search) props.onChange(chosen.slice(0, -1));
                }}
              />
            </Combobox.EventsTarget>
          </Pill.Group>
        </PillsInput>
      </Combobox.DropdownTarget>
      <RemoteOptions
        remote={remote}
        label={visible(label || props.name)}
        chosen={new Set(chosen.map((value) => keyOf(value)))}
      />
    </Combobox>
  );
}
