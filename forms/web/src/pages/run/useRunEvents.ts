import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { take } from "../../api/client";
import { useDoors } from "../../api/context";
import { Watch, type Mode, type RunEvents } from "../../api/events";
import type { RunView } from "../../api/types";
import { lookAgain } from "../../app/lookAgain";
import { LogWindow } from "../../log/logWindow";
import type { ReadPart } from "../../log/useLog";
import { isMoving } from "../../states/states";

/**
 * The run as it happens, and its log as far as somebody looks; by looking again where nothing is pushed. The stream
 * begins behind the lines that the run has already: those are read when they are looked at.
 */
export function useRunEvents(
  id: string,
  run: RunView | undefined,
): { log: LogWindow; read: ReadPart; mode: Mode } {
  const { api, openSource } = useDoors();
  const queries = useQueryClient();
  const read = useCallback<ReadPart>(
    ({ after, limit, part, find }, signal) => {
      const query = { after, limit, step: part?.step ?? null, job: part?.job ?? null, grep: find };
      return take(api.GET("/api/v1/runs/{run}/logs", { params: { path: { run: id }, query }, signal }));
    },
    [api, id],
  );
  const [log] = useState(
    () => new LogWindow((after, limit, signal) => read({ after, limit, part: null, find: "" }, signal)),
  );
  const [mode, setMode] = useState<Mode>("connecting");
  const watched = useRef<Watch<RunEvents>>(null);
  const known = run !== undefined;
  const lines = run?.log_lines ?? 0;
  const gaps = run?.log_gaps;
  useEffect(() => log.without(gaps ?? []), [log, gaps]);
  useEffect(() => {
    if (known && (mode !== "live" || log.count() === 0)) log.grown(lines);
  }, [log, known, lines, mode]);
  useEffect(() => {
    if (!known) return;
    const look = () => lookAgain(queries, { queryKey: ["run", id] });
    const watch = new Watch<RunEvents>({
      url: () => `/api/v1/runs/${encodeURIComponent(id)}/events?after=${log.last()}`,
      open: openSource,
      on: {
        run: (seen) => queries.setQueryData(["run", id], seen),
        log: (batch) => log.append(batch),
        end: look,
      },
      poll: look,
      onMode: setMode,
    });
    watched.current = watch;
    return () => watch.close();
  }, [known, openSource, queries, id, log]);
  // The same that lets the server end the stream; a proxy that holds it back holds back its end, too.
  const over = run !== undefined && !isMoving(run.state) && !run.log_pending;
  useEffect(() => {
    if (over && (mode === "polling" || mode === "resting")) watched.current?.finish();
  }, [over, mode]);
  return { log, read, mode };
}
