import { Button, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useNavigate } from "react-router";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { isUnsure } from "../../api/problem";
import type { ActionView, JsonObject } from "../../api/types";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./StartButton.module.css";

interface Asked {
  entity: string | null;
  inputs: JsonObject;
  version: string;
}

/**
 * Starts the run. The idempotency key is chosen once, when the plan is shown: however often this is pressed and however
 * often the answer is lost, the server makes one run of it. Another plan is another button, with another key.
 */
export function StartButton({
  action,
  asked,
  back,
  onStarted,
}: {
  action: ActionView;
  asked: Asked;
  back: ReactNode;
  onStarted: () => void;
}) {
  const api = useApi();
  const navigate = useNavigate();
  const [key] = useState(newKey);
  const [comment, setComment] = useState("");
  const start = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/actions/{name}/runs", {
          params: { path: { name: action.name }, header: { "idempotency-key": key } },
          body: { ...asked, comment: comment.trim() },
        }),
      ),
    onSuccess: (run) => {
      onStarted();
      return navigate(`/runs/${encodeURIComponent(run.id)}`);
    },
  });
  const unsure = isUnsure(start.error);
  return (
    <div className={css.start}>
      <Textarea
        className={css.comment}
        label={text.actions.review.comment}
        description={text.actions.review.commentHint}
        rows={2}
        maxLength={4000}
        // The same key may not come with another comment, so what may have arrived stays as it was sent.
        disabled={start.isPending || start.isSuccess || unsure}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <div className={css.buttons}>
        {back}
        <Button
          leftSection={<Play size={16} aria-hidden />}
          loading={start.isPending}
          disabled={start.isSuccess}
          onClick={() => start.mutate()}
        >
          {visible(action.title)}
        </Button>
      </div>
      {start.error && <ProblemNote error={start.error} />}
      {unsure && <p className="soft">{text.actions.review.unsure}</p>}
    </div>
  );
}
