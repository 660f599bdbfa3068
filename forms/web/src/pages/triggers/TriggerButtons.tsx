import { Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { TriggerView } from "../../api/types";
import { Confirm } from "../../parts/Confirm";
import { ProblemNote } from "../../parts/Problem";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { text } from "../../text";

const words = text.triggers.one;

/** Pauses it, or lets it go on. */
export function TriggerButtons({ trigger }: { trigger: TriggerView }) {
  const [asking, setAsking] = useState(false);
  const resume = usePausing(trigger.id, null, () => undefined);
  if (trigger.state === "paused")
    return (
      <>
        <ReasonedButton
          may={trigger.may_pause}
          variant="default"
          loading={resume.isPending}
          onClick={() => resume.mutate()}
        >
          {words.resume}
        </ReasonedButton>
        {resume.error && <ProblemNote error={resume.error} />}
      </>
    );
  return (
    <>
      <ReasonedButton may={trigger.may_pause} variant="default" onClick={() => setAsking(true)}>
        {words.pause}
      </ReasonedButton>
      {asking && <Pause trigger={trigger.id} onClose={() => setAsking(false)} />}
    </>
  );
}

function Pause({ trigger, onClose }: { trigger: string; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const pause = usePausing(trigger, reason, onClose);
  return (
    <Confirm
      title={words.pauseTitle}
      verb={words.pause}
      busy={pause.isPending}
      onConfirm={() => pause.mutate()}
      onClose={onClose}
    >
      <p>{words.pauseText}</p>
      <Textarea
        label={words.why}
        maxLength={4000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {pause.error && <ProblemNote error={pause.error} />}
    </Confirm>
  );
}

/** Pauses it for a reason, or without one lets it go on. */
function usePausing(trigger: string, reason: string | null, onClose: () => void) {
  const api = useApi();
  const queries = useQueryClient();
  const params = { path: { trigger } };
  return useMutation({
    mutationFn: () =>
      reason === null
        ? take(api.POST("/api/v1/triggers/{trigger}/resume", { params }))
        : take(api.POST("/api/v1/triggers/{trigger}/pause", { params, body: { reason } })),
    onSuccess: (now) => {
      queries.setQueryData(["triggers", "one", trigger], now);
      void queries.invalidateQueries({ queryKey: ["triggers"] });
      onClose();
    },
  });
}
