/** Our own frame around react-jsonschema-form's fields: plain stacks, one place for hints, no injected styles. */
import type { FieldTemplateProps, ObjectFieldTemplateProps } from "@rjsf/utils";
import { Link2, TriangleAlert } from "lucide-react";
import { visible } from "../parts/textOf";
import type { FormContext } from "./FormContext";
import css from "./templates.module.css";

export function ObjectTemplate({ properties, title, fieldPathId }: ObjectFieldTemplateProps) {
  const fields = properties.filter((property) => !property.hidden);
  const inner = fieldPathId.path.length > 0;
  return (
    <fieldset id={fieldPathId.$id} className={inner ? css.group : css.fields}>
      {inner && title && <legend>{visible(title)}</legend>}
      {fields.map((property) => (
        <div key={property.name}>{property.content}</div>
      ))}
    </fieldset>
  );
}

export function FieldFrame({ id, hidden, children, help, registry }: FieldTemplateProps) {
  const context = registry.formContext as FormContext;
  // The form's root has an id without a field name behind it.
  const name = id.split("_").slice(1).join("_");
  if (hidden) return <div hidden>{children}</div>;
  return (
    <div className={css.field}>
      {children}
      {help}
      {context.fromLink.has(name) && (
        <p className={css.note}>
          <Link2 size={13} aria-hidden /> {context.origin}
        </p>
      )}
      {context.warnings[name] && (
        <p className={css.warning} data-tone="waiting">
          <TriangleAlert size={14} aria-hidden /> {visible(context.warnings[name])}
        </p>
      )}
    </div>
  );
}
