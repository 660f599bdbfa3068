import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { done } from "../../api/client";
import { useApi } from "../../api/context";
import type { HoldView, Permitted } from "../../api/types";
import { Confirm } from "../../parts/Confirm";
import { ProblemNote } from "../../parts/Problem";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { text } from "../../text";
import css from "./LockPage.module.css";

const words = text.locks.hold;

/** Ends a hold, one's own or, as an operator, another's. */
export function EndHold({ hold, may }: { hold: HoldView; may: Permitted }) {
  const api = useApi();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const end = useMutation({
    mutationFn: () => done(api.DELETE("/api/v1/locks/holds/{hold}", { params: { path: { hold: hold.id } } })),
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
          onConfirm={() => end.mutate()}
          onClose={() => setOpen(false)}
        >
          <p>{words.stopText}</p>
          {end.error && <ProblemNote error={end.error} />}
        </Confirm>
      )}
    </div>
  );
}
