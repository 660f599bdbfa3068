import { useCallback, useEffect, useRef } from "react";
import { fieldId } from "./FormPage";

const CONTROLS = "input, textarea, select, button";

/** The control of a field: the first one where there are several, as of a choice with dots. */
function controlOf(field: string): HTMLElement | null {
  const id = fieldId(field);
  const found = document.getElementById(id);
  if (found?.matches(CONTROLS)) return found;
  return (
    found?.querySelector<HTMLElement>(CONTROLS) ??
    document.querySelector<HTMLElement>(`[id^="${CSS.escape(id)}-"]:is(${CONTROLS})`)
  );
}

/**
 * Where the focus goes in a form of several pages: to a field that was asked for, also when it has to be gone to first;
 * otherwise, when the page changes, to its heading.
 */
export function useFormFocus(page: number, go: (page: number) => void) {
  const wanted = useRef<string | null>(null);
  const shown = useRef(page);
  const top = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (shown.current === page) return;
    shown.current = page;
    const field = wanted.current;
    wanted.current = null;
    ((field && controlOf(field)) || top.current)?.focus();
  }, [page]);
  const toField = useCallback(
    (field: string, on: number) => {
      if (on === shown.current) return controlOf(field)?.focus();
      wanted.current = field;
      go(on);
    },
    [go],
  );
  return { top, toField };
}
