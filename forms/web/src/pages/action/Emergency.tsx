import { Button, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Siren } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { isUnsure } from "../../api/problem";
import type { ActionView, JsonObject } from "../../api/types";
import { Callout } from "../../parts/Basics";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./StartButton.module.css";

const words = text.emergency;

interface Asked {
  entity: string | null;
  inputs: JsonObject;
  version: string;
}

/** Past the approval: folded away, with a reason, and what follows from it said before. */
export function Emergency({
  action,
  asked,
  onStarted,
}: {
  action: ActionView;
  asked: Asked;
  onStarted: () => void;
}) {
  const api = useApi();
  const navigate = useNavigate();
  const [key] = useState(newKey);
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const start = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/actions/{name}/runs", {
          params: { path: { name: action.name }, header: { "idempotency-key": key } },
          body: { ...asked, comment: reason.trim(), break_glass: true },
        }),
      ),
    onSuccess: (run) => {
      onStarted();
      return navigate(`/runs/${encodeURIComponent(run.id)}`);
    },
  });
  const unsure = isUnsure(start.error);
  const offer = action.break_glass;
  if (!offer?.may.allowed) return null;
  return (
    <details>
      <summary>{words.title}</summary>
      <div className={css.start}>
        <Callout tone="bad" icon={<Siren size={18} aria-hidden />} title={words.lead}>
          {offer.second
            ? words.second(visible(offer.second), Math.round(offer.expires_in / 60))
            : words.alone}{" "}
          {words.after}
        </Callout>
        <Textarea
          // The same key may not come with another reason, so what may have arrived stays as it was sent.
          className={css.comment}
          label={words.reason}
          description={words.reasonHint}
          rows={2}
          maxLength={4000}
          disabled={start.isPending || start.isSuccess || unsure}
          value={reason}
          error={missing && reason.trim() === "" && words.reasonNeeded}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <div className={css.buttons}>
          <Button
            color="red"
            leftSection={<Siren size={16} aria-hidden />}
            loading={start.isPending}
            disabled={start.isSuccess}
            onClick={() => {
              setMissing(reason.trim() === "");
              if (reason.trim() !== "") start.mutate();
            }}
          >
            {words.start}
          </Button>
        </div>
        {start.error && <ProblemNote error={start.error} />}
        {unsure && <p className="soft">{text.actions.review.unsure}</p>}
      </div>
    </details>
  );
}
