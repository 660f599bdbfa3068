import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { take } from "../../api/client";
import { useDoors } from "../../api/context";
import { Watch, type Mode, type RunEvents } from "../../api/events";
import { LogStore } from "../../log/logStore";

const BATCH = 5_000; // lines in one read, the most that the API gives

/** The log of a run and the run itself as they happen; by looking again where nothing is pushed. */
export function useRunEvents(id: string): { log: LogStore; mode: Mode } {
  const { api, openSource } = useDoors();
  const queries = useQueryClient();
  const [log] = useState(() => new LogStore());
  const [mode, setMode] = useState<Mode>("connecting");
  useEffect(() => {
    let reading = false;
    const readLog = async () => {
      if (reading) return;
      reading = true;
      try {
        for (let more = true; more;) {
          const query = { after: log.last, limit: BATCH };
          const batch = await take(
            api.GET("/api/v1/runs/{run}/logs", { params: { path: { run: id }, query } }),
          );
          log.append(batch);
          more = batch.lines.length === BATCH;
        }
      } catch {
        // The run itself is read in the same round and shows what is wrong; the log is read again in the next.
      } finally {
        reading = false;
      }
    };
    const lookAgain = () => {
      void queries.invalidateQueries({ queryKey: ["run", id] });
      void readLog();
    };
    const watch = new Watch<RunEvents>({
      url: () => `/api/v1/runs/${encodeURIComponent(id)}/events?after=${log.last}`,
      open: openSource,
      on: {
        run: (run) => queries.setQueryData(["run", id], run),
        log: (batch) => log.append(batch),
        end: () => lookAgain(),
      },
      poll: lookAgain,
      onMode: setMode,
    });
    return () => watch.close();
  }, [api, openSource, queries, id, log]);
  return { log, mode };
}
