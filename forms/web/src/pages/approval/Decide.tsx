import { Button, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Check, X } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { ApiError } from "../../api/problem";
import type { ApprovalView, JsonObject, Verdict } from "../../api/types";
import { Callout, Section } from "../../parts/Basics";
import { Loading } from "../../parts/Loading";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import { ofStage } from "./asking";
import css from "./Decide.module.css";
import { FilledIn } from "./FilledIn";
import type { Settle } from "./StageForm";

// The form is drawn by a library that few approvals need.
const StageForm = lazy(() => import("./StageForm"));
const words = text.approvals;

/** Approve or reject exactly the digest that this page shows; or why the reader cannot. */
export function Decide({ approval }: { approval: ApprovalView }) {
  const [comment, setComment] = useState("");
  const [missing, setMissing] = useState(false);
  const settle = useRef<Settle>(() => Promise.resolve(null));
  const ready = useCallback((given: Settle) => {
    settle.current = given;
  }, []);
  const decide = useDecide(approval, comment);
  const asks = (approval.asks ?? []).length > 0;
  const submit = async (verdict: Verdict) => {
    const refused = approval.reason_needed.includes(verdict) && comment.trim() === "";
    setMissing(refused);
    if (refused) return;
    if (verdict === "reject" || !asks) return decide.mutate({ verdict });
    const answers = approval.filled ?? (await settle.current().catch(() => null));
    if (answers) decide.mutate({ verdict, answers });
  };
  const pending = approval.state === "pending";
  const open = pending && approval.may_decide.allowed;
  return (
    <>
      {open && (
        <Section title={words.decide}>
          <div className={css.decide}>
            {approval.decides_for && <p>{words.decidesFor(visible(approval.decides_for.name))}</p>}
            {asks && <Fill approval={approval} onReady={ready} />}
            <Textarea
              label={words.comment}
              description={words.commentHints(approval.reason_needed)}
              rows={3}
              resize="vertical"
              maxLength={4000}
              value={comment}
              error={missing && comment.trim() === "" && words.commentNeeded}
              onChange={(event) => setComment(event.currentTarget.value)}
            />
            <div className={css.buttons}>
              <Button
                leftSection={<Check size={16} aria-hidden />}
                loading={decide.isPending && decide.variables.verdict === "approve"}
                disabled={decide.isPending}
                onClick={() => void submit("approve")}
              >
                {words.approve}
              </Button>
              <Button
                variant="outline"
                color="red"
                leftSection={<X size={16} aria-hidden />}
                loading={decide.isPending && decide.variables.verdict === "reject"}
                disabled={decide.isPending}
                onClick={() => void submit("reject")}
              >
                {words.reject}
              </Button>
            </div>
          </div>
        </Section>
      )}
      <Outcome decide={decide} />
      {pending && !open && (
        <Callout tone="stopped" title={words.notYou}>
          {visible(approval.may_decide.why_not ?? "")}
        </Callout>
      )}
    </>
  );
}

/** What goes with an approval: a form to fill in, or what the first who approved has filled in. */
function Fill({ approval, onReady }: { approval: ApprovalView; onReady: (settle: Settle) => void }) {
  const asking = useMemo(() => ofStage(approval.id), [approval.id]);
  const stage = approval.all_stages.find((one) => one.number === approval.stage);
  if (approval.filled) {
    return (
      <div className={css.fill}>
        <h3>{words.filledIn}</h3>
        <FilledIn filled={stage?.filled ?? []} />
        <p className="soft">{words.confirms}</p>
      </div>
    );
  }
  return (
    <div className={css.fill}>
      <Suspense fallback={<Loading lines={3} />}>
        <StageForm asking={asking} onReady={onReady} />
      </Suspense>
      <p className="soft">{words.fillLead}</p>
    </div>
  );
}

/**
 * What became of the decision. The region is there from the beginning, because what is in it when it comes is not read
 * out; it takes the focus, because the button that had it is gone.
 */
function Outcome({ decide }: { decide: ReturnType<typeof useDecide> }) {
  const place = useRef<HTMLDivElement>(null);
  const { data, error } = decide;
  useEffect(() => {
    if (data ?? error) place.current?.focus();
  }, [data, error]);
  const conflict = error instanceof ApiError && error.status === 409;
  return (
    <div ref={place} tabIndex={-1} className={`no-outline ${data || error ? css.outcome : css.before}`}>
      <div role="status">
        {data && (
          <Callout tone="good">
            {data.repeated ? words.repeated : words.recorded(text.states.verdict[decide.variables.verdict])}
          </Callout>
        )}
        {conflict && <Callout tone="waiting">{words.conflict}</Callout>}
      </div>
      {error && <ProblemNote error={error} />}
    </div>
  );
}

function useDecide(approval: ApprovalView, comment: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ verdict, answers }: { verdict: Verdict; answers?: JsonObject }) =>
      take(
        api.POST("/api/v1/approvals/{approval}/decision", {
          params: { path: { approval: approval.id } },
          body: {
            verdict,
            digest: approval.digest,
            comment: comment.trim(),
            ...(answers ? { answers } : {}),
          },
        }),
      ),
    onSuccess: (answer) => queries.setQueryData(["approvals", "one", approval.id], answer.approval),
    // Decided, or refused because it has changed: either way what is on the screen is old.
    onSettled: () => queries.invalidateQueries({ queryKey: ["approvals"] }),
  });
}
