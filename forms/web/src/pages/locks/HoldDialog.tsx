import { Select, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { Confirm } from "../../parts/Confirm";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { text } from "../../text";

const words = text.locks.hold;
const ENDS = Object.entries(words.ends).map(([value, label]) => ({ value, label }));
const USUAL = "28800"; // seconds; the server's own when none are said

/** Keeps a key to oneself; with `lockKey` this one, else one that is typed. */
export function HoldDialog({ lockKey, onClose }: { lockKey?: string; onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const [once] = useState(newKey);
  const [key, setKey] = useState(lockKey ?? "");
  const [reason, setReason] = useState("");
  const [end, setEnd] = useState<string | null>(USUAL);
  const hold = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/locks/holds", {
          params: { header: { "idempotency-key": once } },
          body: {
            key: key.trim(),
            reason: reason.trim(),
            seconds: Number(end),
          },
        }),
      ),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["locks"] });
      onClose();
    },
  });
  return (
    <Confirm
      title={words.title}
      verb={words.verb}
      busy={hold.isPending}
      blocked={!key.trim() || !reason.trim() || !end}
      onConfirm={() => hold.mutate()}
      onClose={onClose}
    >
      <p>{words.lead}</p>
      <TextInput
        label={words.key}
        description={lockKey ? undefined : words.keyHint}
        required
        readOnly={lockKey !== undefined}
        maxLength={200}
        value={key}
        onChange={(event) => setKey(event.currentTarget.value)}
      />
      <Textarea
        label={words.reason}
        description={words.reasonHint}
        required
        maxLength={4000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Select
        label={words.end}
        description={words.endHint}
        required
        data={ENDS}
        value={end}
        onChange={setEnd}
        comboboxProps={{ withinPortal: false, transitionProps: { duration: 0 } }}
      />
      {hold.error && <ProblemNote error={hold.error} />}
    </Confirm>
  );
}
