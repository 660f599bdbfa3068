import { Button, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { RunView, UndoChoice } from "../../api/types";
import { Callout } from "../../parts/Basics";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./ResolveForm.module.css";

const words = text.runs.undoing;

/** A run has failed or was cancelled, and somebody has to say what becomes of what it did. */
export function UndoChoices({ run }: { run: RunView }) {
  const [reason, setReason] = useState("");
  const api = useApi();
  const queries = useQueryClient();
  const choose = useMutation({
    mutationFn: (choice: UndoChoice) =>
      take(
        api.POST("/api/v1/runs/{run}/undoing", {
          params: { path: { run: run.id } },
          body: { choice, reason },
        }),
      ),
    onSuccess: (seen) => queries.setQueryData(["run", run.id], seen),
  });
  const choices = run.undoing?.choices ?? [];
  if (choices.length === 0) return null;
  return (
    <Callout tone="attention" icon={<TriangleAlert size={18} aria-hidden />} title={words.title}>
      <p>{words.lead}</p>
      {run.may.choose.allowed ? (
        <div className={css.form}>
          <Textarea
            label={text.runs.confirm.reason}
            maxLength={4000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <div className={css.radios}>
            {choices.map((choice) => (
              <Button
                key={choice}
                variant="default"
                loading={choose.isPending && choose.variables === choice}
                disabled={choose.isPending}
                onClick={() => choose.mutate(choice)}
              >
                {words.choices[choice]}
              </Button>
            ))}
          </div>
        </div>
      ) : (
        <p className="soft">{visible(run.may.choose.why_not ?? "")}</p>
      )}
      {choose.error && <ProblemNote error={choose.error} />}
    </Callout>
  );
}
