/** A choice out of many, searched and paged on the server: entities, groups, tags, branches. */
import { Combobox, InputBase, Loader } from "@mantine/core";
import { ariaDescribedByIds, labelValue, type WidgetProps } from "@rjsf/utils";
import { ChevronsUpDown, X } from "lucide-react";
import { inWords, visible } from "../parts/textOf";
import { text } from "../text";
import { keyOf, type FormContext } from "./FormContext";
import { RemoteOptions } from "./RemoteOptions";
import css from "./RemoteSelect.module.css";
import { useRemote } from "./useRemote";

const words = text.actions.form;

export function RemoteSelect(props: WidgetProps) {
  const { id, value, label, hideLabel, required, placeholder, rawErrors, options, schema } = props;
  const context = props.registry.formContext as FormContext;
  const remote = useRemote({ id, field: props.name, context }, (option) => props.onChange(option.value));
  const { combobox, search } = remote;
  const given = value !== undefined && value !== null;
  const chosen = given ? remote.titleOf(value) : undefined;
  const blocked = (props.disabled ?? false) || (props.readonly ?? false);
  const clears = given && !required && !blocked;
  return (
    <Combobox
      store={combobox}
      onOptionSubmit={remote.submit}
      resetSelectionOnOptionHover
      withinPortal={false}
      transitionProps={{ duration: 0 }}
    >
      <Combobox.Target withExpandedAttribute>
        <InputBase
          id={id}
          label={labelValue(visible(label) || undefined, hideLabel, false)}
          description={visible(options.description ?? schema.description ?? "")}
          required={required ?? false}
          disabled={blocked}
          error={rawErrors?.length ? rawErrors.join("\n") : undefined}
          aria-describedby={ariaDescribedByIds(id)}
          autoComplete="off"
          placeholder={placeholder || words.typeToSearch}
          value={search ?? (given ? visible(chosen?.title ?? inWords(value)) : "")}
          onChange={(event) => remote.type(event.currentTarget.value)}
          onClick={remote.open}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") remote.open();
          }}
          onFocus={() => props.onFocus(id, value)}
          onBlur={() => {
            combobox.closeDropdown();
            props.onBlur(id, value);
          }}
          rightSectionPointerEvents={clears ? "all" : "none"}
          rightSection={
            <RightSide
              busy={remote.choices.busy}
              clear={clears ? () => props.onChange(undefined) : null}
              label={visible(label || props.name)}
            />
          }
        />
      </Combobox.Target>
      {chosen?.detail && <p className={css.detail}>{visible(chosen.detail)}</p>}
      <RemoteOptions
        remote={remote}
        label={visible(label || props.name)}
        chosen={new Set(given ? [keyOf(value)] : [])}
      />
    </Combobox>
  );
}

function RightSide(props: { busy: boolean; clear: (() => void) | null; label: string }) {
  if (props.busy) return <Loader size={14} aria-label={words.loadingOptions} />;
  if (!props.clear) return <ChevronsUpDown size={14} aria-hidden />;
  return (
    <button
      type="button"
      className={css.clear}
      aria-label={words.clearField(props.label)}
      onMouseDown={(event) => event.preventDefault()}
      onClick={props.clear}
    >
      <X size={14} aria-hidden />
    </button>
  );
}
