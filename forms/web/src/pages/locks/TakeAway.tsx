import { Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { LockDetail } from "../../api/types";
import { Callout } from "../../parts/Basics";
import { Confirm } from "../../parts/Confirm";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";

const words = text.locks.force;

/** Takes a lock from the holder that was looked at: it goes with its number, so from nobody else. */
export function TakeAway({ lock, fence, onClose }: { lock: LockDetail; fence: number; onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const release = useMutation({
    mutationFn: () =>
      take(api.POST("/api/v1/locks/release", { body: { key: lock.key, fence, reason: reason.trim() } })),
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: ["locks"] }),
  });
  return (
    <Confirm
      title={words.title}
      verb={words.verb}
      danger
      busy={release.isPending}
      blocked={!reason.trim()}
      onConfirm={() => release.mutate()}
      onClose={onClose}
    >
      {lock.warning && (
        <Callout tone="bad" icon={<TriangleAlert size={18} aria-hidden />}>
          {visible(lock.warning)}
        </Callout>
      )}
      <p>{words.fence(fence)}</p>
      <p>{words.after}</p>
      <p>{words.cannot}</p>
      <Textarea
        label={words.reason}
        description={words.reasonHint}
        required
        maxLength={4000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {release.error && <ProblemNote error={release.error} />}
    </Confirm>
  );
}
