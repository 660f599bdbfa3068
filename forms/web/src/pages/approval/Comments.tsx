import { Button, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { ApprovalView } from "../../api/types";
import { PersonName, Section } from "../../parts/Basics";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";
import css from "./Decisions.module.css";

const words = text.approvals;

/** What was said beside the decisions, and a place to say more. Saying something decides nothing. */
export function Comments({ approval }: { approval: ApprovalView }) {
  const [said, setSaid] = useState("");
  const api = useApi();
  const queries = useQueryClient();
  const key = useRef(newKey());
  const send = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/approvals/{approval}/comments", {
          params: { path: { approval: approval.id }, header: { "idempotency-key": key.current } },
          body: { text: said.trim() },
        }),
      ),
    onSuccess: (answer) => {
      queries.setQueryData(["approvals", "one", approval.id], answer);
      key.current = newKey();
      setSaid("");
    },
  });
  return (
    <Section title={words.comments}>
      {approval.comments.length === 0 ? (
        <p className="soft">{words.noComments}</p>
      ) : (
        <ul className={css.list}>
          {approval.comments.map((comment) => (
            <li key={comment.id}>
              <PersonName person={comment.by} /> <When at={comment.at} />
              <blockquote className={css.comment}>{visible(comment.text)}</blockquote>
            </li>
          ))}
        </ul>
      )}
      <Textarea
        mt="sm"
        label={words.say}
        rows={2}
        resize="vertical"
        maxLength={4000}
        value={said}
        onChange={(event) => setSaid(event.currentTarget.value)}
      />
      <Button
        variant="default"
        mt="xs"
        loading={send.isPending}
        disabled={said.trim() === ""}
        onClick={() => send.mutate()}
      >
        {words.send}
      </Button>
      {send.error && <ProblemNote error={send.error} />}
    </Section>
  );
}
