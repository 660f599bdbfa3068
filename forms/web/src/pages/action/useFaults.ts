import { useMemo } from "react";
import { fieldOfFault, fieldsOf } from "../../form/resolution";
import type { FormView } from "../../api/types";

export interface Faults {
  /** Messages by field, on whatever page. */
  byField: Readonly<Record<string, string[]>>;
  /** Messages that are about no field. */
  general: readonly string[];
  warnings: Readonly<Record<string, string>>;
}

/** What the server says of the answers, sorted by the field that it is about. */
export function useFaults(view: FormView | null): Faults {
  return useMemo(() => {
    const byField: Record<string, string[]> = {};
    const general: string[] = [];
    const warnings: Record<string, string> = {};
    const fields = view ? fieldsOf(view) : new Map<string, unknown>();
    for (const fault of view?.errors ?? []) {
      const field = fieldOfFault(fault, fields);
      if (field) (byField[field] ??= []).push(fault.detail);
      else general.push(fault.detail);
    }
    for (const warning of view?.warnings ?? []) {
      const field = fieldOfFault(warning, fields);
      if (field) warnings[field] = warning.detail;
    }
    return { byField, general, warnings };
  }, [view]);
}

/** The number of the page that asks for a field. */
export function pageOf(view: FormView, field: string): number {
  return view.pages.findIndex((page) => field in ((page.form_schema["properties"] ?? {}) as object));
}
