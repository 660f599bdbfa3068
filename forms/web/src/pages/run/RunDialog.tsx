import { Checkbox, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { take, type Api } from "../../api/client";
import { useApi } from "../../api/context";
import type { RunView } from "../../api/types";
import { RunLink } from "../../parts/Basics";
import { Confirm } from "../../parts/Confirm";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { text } from "../../text";

export type Doing = "cancel" | "withdraw" | "undo" | "rerun";

const words = text.runs.confirm;
const SAYS: Record<Doing, { title: string; text: string; verb: string }> = {
  cancel: { title: words.cancelTitle, text: words.cancelText, verb: text.runs.buttons.cancel },
  withdraw: { title: words.withdrawTitle, text: words.withdrawText, verb: text.runs.buttons.withdraw },
  rerun: { title: words.rerunTitle, text: words.rerunText, verb: text.runs.buttons.rerun },
  undo: { title: words.undoTitle, text: words.undoText, verb: text.runs.buttons.undo },
};

/** Says what will happen to the run, asks why, and does it. */
export function RunDialog({ run, doing, onClose }: { run: RunView; doing: Doing; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [force, setForce] = useState(false);
  const act = useAct(run, doing, { reason, force }, onClose);
  const says = SAYS[doing];
  return (
    <Confirm
      title={says.title}
      verb={says.verb}
      danger={doing === "cancel"}
      busy={act.isPending}
      onConfirm={() => act.mutate()}
      onClose={onClose}
    >
      <p>{says.text}</p>
      {doing === "undo" && run.previous_run && (
        <p>
          {words.undoPrevious} <RunLink id={run.previous_run} />.
        </p>
      )}
      <Textarea
        label={words.reason}
        description={words.reasonHint}
        maxLength={4000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {doing === "cancel" && run.state === "cancelling" && (
        <Checkbox
          label={words.cancelForce}
          checked={force}
          onChange={(event) => setForce(event.currentTarget.checked)}
        />
      )}
      {act.error && <ProblemNote error={act.error} />}
    </Confirm>
  );
}

interface Said {
  reason: string;
  force: boolean;
}

function useAct(run: RunView, doing: Doing, said: Said, onClose: () => void) {
  const api = useApi();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [key] = useState(newKey); // one per opened dialog: pressing twice undoes once
  return useMutation({
    mutationFn: () => ask(api, run.id, doing, said, key),
    onSuccess: async (newRun) => {
      onClose();
      void queries.invalidateQueries({ queryKey: ["run", run.id] });
      if (newRun !== null) await navigate(`/runs/${encodeURIComponent(newRun)}`);
    },
  });
}

/** The id of the new run, where there is one. */
async function ask(
  api: Api,
  id: string,
  doing: Doing,
  { reason, force }: Said,
  key: string,
): Promise<string | null> {
  const path = { run: id };
  switch (doing) {
    case "cancel":
      await take(api.POST("/api/v1/runs/{run}/cancel", { params: { path }, body: { reason, force } }));
      return null;
    case "withdraw":
      await take(api.POST("/api/v1/runs/{run}/withdraw", { params: { path }, body: { reason } }));
      return null;
    case "undo": {
      const header = { "idempotency-key": key };
      return (await take(api.POST("/api/v1/runs/{run}/undo", { params: { path, header }, body: { reason } })))
        .id;
    }
    case "rerun": {
      const header = { "idempotency-key": key };
      return (
        await take(api.POST("/api/v1/runs/{run}/rerun", { params: { path, header }, body: { reason } }))
      ).id;
    }
  }
}
