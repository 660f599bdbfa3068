import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { Confirm } from "../../parts/Confirm";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { text } from "../../text";

const words = text.triggers.one;

/** Shows a trigger an event again. */
export function Replay({ trigger, event, onClose }: { trigger: string; event: string; onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const [key] = useState(newKey); // one per question: pressing twice asks once
  const replay = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/triggers/{trigger}/replay", {
          params: { path: { trigger }, header: { "idempotency-key": key } },
          body: { event },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["triggers"] });
      onClose();
    },
  });
  return (
    <Confirm
      title={words.replayTitle}
      verb={words.replay}
      busy={replay.isPending}
      onConfirm={() => replay.mutate()}
      onClose={onClose}
    >
      <p>{words.replayText}</p>
      {replay.error && <ProblemNote error={replay.error} />}
    </Confirm>
  );
}
