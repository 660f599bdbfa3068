import { Button, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Check, X } from "lucide-react";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { ApiError } from "../../api/problem";
import type { ApprovalView, Verdict } from "../../api/types";
import { Callout, Section } from "../../parts/Basics";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./Decide.module.css";

const words = text.approvals;

/** Approve or reject exactly the digest that this page shows; or why the reader cannot. */
export function Decide({ approval }: { approval: ApprovalView }) {
  const [comment, setComment] = useState("");
  const [missing, setMissing] = useState(false);
  const decide = useDecide(approval, comment);
  const submit = (verdict: Verdict) => {
    const refused = approval.reason_needed.includes(verdict) && comment.trim() === "";
    setMissing(refused);
    if (!refused) decide.mutate(verdict);
  };
  const outcome = <Outcome decide={decide} />;
  if (approval.state !== "pending" || !approval.may_decide.allowed) {
    const why = approval.may_decide.why_not;
    return (
      <>
        {outcome}
        {approval.state === "pending" && (
          <Callout tone="stopped" title={words.notYou}>
            {why && visible(why)}
          </Callout>
        )}
      </>
    );
  }
  return (
    <Section title={words.decide}>
      <div className={css.decide}>
        {approval.decides_for && <p>{words.decidesFor(visible(approval.decides_for.name))}</p>}
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
            loading={decide.isPending && decide.variables === "approve"}
            disabled={decide.isPending}
            onClick={() => submit("approve")}
          >
            {words.approve}
          </Button>
          <Button
            variant="outline"
            color="red"
            leftSection={<X size={16} aria-hidden />}
            loading={decide.isPending && decide.variables === "reject"}
            disabled={decide.isPending}
            onClick={() => submit("reject")}
          >
            {words.reject}
          </Button>
        </div>
        {outcome}
      </div>
    </Section>
  );
}

function Outcome({ decide }: { decide: ReturnType<typeof useDecide> }) {
  if (decide.data) {
    return (
      <Callout tone="good" live>
        {decide.data.repeated ? words.repeated : words.recorded(text.states.verdict[decide.variables])}
      </Callout>
    );
  }
  if (!decide.error) return null;
  const conflict = decide.error instanceof ApiError && decide.error.status === 409;
  return (
    <>
      {conflict && (
        <Callout tone="waiting" live>
          {words.conflict}
        </Callout>
      )}
      <ProblemNote error={decide.error} />
    </>
  );
}

function useDecide(approval: ApprovalView, comment: string) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (verdict: Verdict) =>
      take(
        api.POST("/api/v1/approvals/{approval}/decision", {
          params: { path: { approval: approval.id } },
          body: { verdict, digest: approval.digest, comment: comment.trim() },
        }),
      ),
    onSuccess: (answer) => queries.setQueryData(["approvals", "one", approval.id], answer.approval),
    // Decided, or refused because it has changed: either way what is on the screen is old.
    onSettled: () => queries.invalidateQueries({ queryKey: ["approvals"] }),
  });
}
