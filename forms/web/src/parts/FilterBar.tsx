import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { text } from "../text";
import css from "./Filters.module.css";

/** Filters of a list, in one row where there is room; `onClear` where one of them is set. */
export function FilterBar({ children, onClear }: { children: ReactNode; onClear?: (() => void) | false }) {
  return (
    <div className={css.filters} role="search">
      {children}
      {onClear && (
        <Button variant="subtle" onClick={onClear}>
          {text.clearFilters}
        </Button>
      )}
    </div>
  );
}
