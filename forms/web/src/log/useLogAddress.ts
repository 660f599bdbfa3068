import { useCallback, useEffect, useMemo, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import type { Part } from "./useLog";

export interface LogAddress {
  part: Part | null;
  setPart: (part: Part | null) => void;
  find: string;
  setFind: (words: string) => void;
}

const PAUSE = 300; // milliseconds without typing, before what is looked for stands in the address

/** What is shown of the log and looked for in it, as the address says: `?step=ship&job=test&find=error`. */
export function useLogAddress(): LogAddress {
  const { search, hash } = useLocation();
  const navigate = useNavigate();
  const asked = useMemo(() => new URLSearchParams(search), [search]);
  const step = asked.get("step");
  const job = asked.get("job");
  const part = useMemo(() => (step === null ? null : { step, job }), [step, job]);
  const [find, setFind] = useState(asked.get("find") ?? "");
  const put = useCallback(
    (change: Record<string, string | null>, keepsLine: boolean) => {
      const next = new URLSearchParams(search);
      for (const [name, value] of Object.entries(change)) {
        if (value) next.set(name, value);
        else next.delete(name);
      }
      const to = { search: next.toString(), hash: keepsLine ? hash : "" };
      void navigate(to, { replace: true, preventScrollReset: true });
    },
    [search, hash, navigate],
  );
  const written = asked.get("find") ?? "";
  useEffect(() => {
    if (find === written) return;
    const timer = setTimeout(() => put({ find }, true), PAUSE);
    return () => clearTimeout(timer);
  }, [find, written, put]);
  const setPart = useCallback(
    (next: Part | null) => put({ step: next?.step ?? null, job: next?.job ?? null }, false),
    [put],
  );
  return { part, setPart, find, setFind };
}
