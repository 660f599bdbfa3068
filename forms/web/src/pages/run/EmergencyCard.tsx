import { Button, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Siren } from "lucide-react";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { ReviewView, RunView } from "../../api/types";
import { Callout, PersonName } from "../../parts/Basics";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";
import css from "./EmergencyCard.module.css";

const words = text.emergency;

/** A run that went past its approval says so for ever, and its review until somebody closes it. */
export function EmergencyCard({ run }: { run: RunView }) {
  if (!run.break_glass) return null;
  return (
    <Callout tone="bad" icon={<Siren size={18} aria-hidden />} title={words.run}>
      {run.review ? <Review review={run.review} /> : <p>{words.waits}</p>}
    </Callout>
  );
}

/** Who confirmed it, whom it passed over, and the review with its form for whoever may close it. */
export function Review({ review }: { review: ReviewView }) {
  const names = review.confirmed_by.map((one) => visible(one.name)).join(", ");
  return (
    <div className={css.stack}>
      <p>
        {review.second === null ? words.alonePast : words.confirmedBy(names)}{" "}
        {review.past.length > 0 && words.past(review.past.map(visible).join(", "))}
      </p>
      {review.closed_at && review.closed_by ? (
        <>
          <p>
            {words.reviewClosed} <PersonName person={review.closed_by} /> <When at={review.closed_at} />
          </p>
          <blockquote className={css.words}>{visible(review.words ?? "")}</blockquote>
        </>
      ) : (
        <>
          <p>{words.reviewOpen(review.needed_from.map(visible).join(", "))}</p>
          {review.may_close.allowed ? (
            <CloseReview run={review.run} />
          ) : (
            review.may_close.why_not && <p className="soft">{visible(review.may_close.why_not)}</p>
          )}
        </>
      )}
    </div>
  );
}

function CloseReview({ run }: { run: string }) {
  const api = useApi();
  const queries = useQueryClient();
  const [found, setFound] = useState("");
  const [missing, setMissing] = useState(false);
  const close = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/reviews/{run}/close", { params: { path: { run } }, body: { words: found.trim() } }),
      ),
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: ["run", run] });
      await queries.invalidateQueries({ queryKey: ["reviews"] });
    },
  });
  return (
    <div className={css.stack}>
      <Textarea
        label={words.found}
        rows={2}
        maxLength={4000}
        value={found}
        error={missing && found.trim() === "" && words.foundNeeded}
        onChange={(event) => setFound(event.currentTarget.value)}
      />
      <div>
        <Button
          variant="default"
          loading={close.isPending}
          onClick={() => {
            setMissing(found.trim() === "");
            if (found.trim() !== "") close.mutate();
          }}
        >
          {words.close}
        </Button>
      </div>
      {close.error && <ProblemNote error={close.error} />}
    </div>
  );
}
