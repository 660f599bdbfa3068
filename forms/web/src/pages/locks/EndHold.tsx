import { Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { done } from "../../api/client";
import { useApi } from "../../api/context";
import { useMe } from "../../app/me";
import type { HoldView, Permitted } from "../../api/types";
import { Confirm } from "../../parts/Confirm";
import { ProblemNote } from "../../parts/Problem";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { text } from "../../text";
import css from "./LockPage.module.css";

const words = text.locks.hold;

/** Ends a hold, one's own or, as an operator and for a reason, another's. */
export function EndHold({ hold, may }: { hold: HoldView; may: Permitted }) {
  const api = useApi();
  const queries = useQueryClient();
  const mine = useMe().id === hold.by.id;
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const end = useMutation({
    mutationFn: () =>
      done(
        api.DELETE("/api/v1/locks/holds/{hold}", {
          params: { path: { hold: hold.id }, query: mine ? {} : { reason: reason.trim() } },
        }),
      ),
    onSuccess: () => {
      setOpen(false);
      void queries.invalidateQueries({ queryKey: ["locks"] });
    },
  });
  return (
    <div className={css.foot}>
      <ReasonedButton may={may} variant="default" onClick={() => setOpen(true)}>
        {words.stop}
      </ReasonedButton>
      {open && (
        <Confirm
          title={words.stopTitle}
          verb={words.stop}
          busy={end.isPending}
          blocked={!mine && !reason.trim()}
          onConfirm={() => end.mutate()}
          onClose={() => setOpen(false)}
        >
          <p>{words.stopText}</p>
          {!mine && (
            <Textarea
              label={words.stopReason}
              description={words.stopReasonHint}
              required
              maxLength={1000}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
          )}
          {end.error && <ProblemNote error={end.error} />}
        </Confirm>
      )}
    </div>
  );
}
