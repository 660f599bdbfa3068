import { useState } from "react";
import type { FormView } from "../../api/types";
import type { SummaryLine } from "../../form/ErrorSummary";
import { pageOf, type Faults } from "./useFaults";

interface Attempt {
  page: number;
  count: number;
  /** What this browser refused by itself, before asking the server. */
  refused: readonly SummaryLine[];
}

const NONE: Attempt = { page: -1, count: 0, refused: [] };

/** Tries to go on from a page: before the first one, faults are shown only of fields that somebody has left. */
export function useAttempts(page: number) {
  const [attempt, setAttempt] = useState<Attempt>(NONE);
  const tried = attempt.page === page;
  return {
    tried,
    count: attempt.count,
    refused: tried ? attempt.refused : [],
    add: (refused: readonly SummaryLine[] = []) =>
      setAttempt((before) => ({ page, count: before.count + 1, refused })),
  };
}

/** Faults that keep somebody on this page: those of its own fields and, before the review, all of them. */
export function standsInTheWay(view: FormView, page: number): boolean {
  const last = page === view.pages.length - 1;
  const own = Object.keys((view.pages[page]?.form_schema["properties"] ?? {}) as object);
  return view.errors.some((fault) => last || own.some((field) => fault.pointer.split("/").includes(field)));
}

export function summaryOf(view: FormView, faults: Faults, page: number): SummaryLine[] {
  const last = page === view.pages.length - 1;
  const lines = Object.entries(faults.byField).flatMap(([field, messages]) => {
    const at = pageOf(view, field);
    if (at !== page && !last) return [];
    const elsewhere = at === page ? undefined : { page: at, title: view.pages[at]?.title ?? "" };
    return messages.map((message) => ({ field, message, ...(elsewhere ? { elsewhere } : {}) }));
  });
  return [...lines, ...(last ? faults.general.map((message) => ({ field: null, message })) : [])];
}
