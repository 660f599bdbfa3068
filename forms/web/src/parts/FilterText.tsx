import { TextInput, type TextInputProps } from "@mantine/core";

/** A filter that is typed: applied when it is left or Enter is pressed, for half a name would find nothing. */
export function FilterText({
  value,
  onFilter,
  ...more
}: { value: string | undefined; onFilter: (next: string | null) => void; label: string } & Omit<
  TextInputProps,
  "value"
>) {
  const { label, ...input } = more;
  const apply = (typed: string) => typed.trim() !== (value ?? "") && onFilter(typed.trim() || null);
  return (
    <TextInput
      {...input}
      wrapperProps={{ "data-typed": true }}
      key={value ?? ""}
      aria-label={label}
      defaultValue={value ?? ""}
      onBlur={(event) => apply(event.currentTarget.value)}
      onKeyDown={(event) => event.key === "Enter" && apply(event.currentTarget.value)}
    />
  );
}
