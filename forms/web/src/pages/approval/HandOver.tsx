import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { ApprovalView } from "../../api/types";
import { PersonName } from "../../parts/Basics";
import { Confirm } from "../../parts/Confirm";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";

const words = text.approvals;
const PERSON = /^person:[a-z0-9][a-z0-9._-]*$/;

/** Taking one's own approval back, and letting somebody else decide on this one. */
export function HandOver({ approval }: { approval: ApprovalView }) {
  const [open, setOpen] = useState<"take" | "hand" | null>(null);
  return (
    <>
      {approval.delegations.map((one) => (
        <p key={one.id} className="soft">
          {words.handed(visible(one.to))} <PersonName person={one.by} />{" "}
          {one.revoked_at ? words.revoked : words.until} <When at={one.revoked_at ?? one.ends_at} />
        </p>
      ))}
      {approval.may_take_back.allowed && (
        <Button variant="default" mt="xs" onClick={() => setOpen("take")}>
          {words.takeBack}
        </Button>
      )}
      {approval.may_delegate.allowed && (
        <Button variant="subtle" mt="xs" onClick={() => setOpen("hand")}>
          {words.handOn}
        </Button>
      )}
      {open === "take" && <TakeBack approval={approval} onClose={() => setOpen(null)} />}
      {open === "hand" && <HandOn approval={approval} onClose={() => setOpen(null)} />}
    </>
  );
}

function TakeBack({ approval, onClose }: { approval: ApprovalView; onClose: () => void }) {
  const api = useApi();
  const back = useChange(approval, onClose, () =>
    take(
      api.DELETE("/api/v1/approvals/{approval}/decision", { params: { path: { approval: approval.id } } }),
    ),
  );
  return (
    <Confirm
      title={words.takeBack}
      verb={words.takeBack}
      danger
      busy={back.isPending}
      onConfirm={() => back.mutate()}
      onClose={onClose}
    >
      <p>{words.takeBackWhat}</p>
      {back.error && <ProblemNote error={back.error} />}
    </Confirm>
  );
}

function HandOn({ approval, onClose }: { approval: ApprovalView; onClose: () => void }) {
  const [to, setTo] = useState("");
  const api = useApi();
  const key = useRef(newKey());
  const ref = to.includes(":") ? to.trim() : `person:${to.trim()}`;
  const hand = useChange(approval, onClose, () =>
    take(
      api.POST("/api/v1/approvals/{approval}/delegate", {
        params: { path: { approval: approval.id }, header: { "idempotency-key": key.current } },
        body: { to: ref, until: null, reason: "" },
      }),
    ),
  );
  return (
    <Confirm
      title={words.handOn}
      verb={words.handOn}
      busy={hand.isPending}
      blocked={!PERSON.test(ref)}
      onConfirm={() => hand.mutate()}
      onClose={onClose}
    >
      <p>{words.handOnWhat}</p>
      <TextInput
        label={words.handTo}
        description={words.handToHint}
        maxLength={200}
        value={to}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      {hand.error && <ProblemNote error={hand.error} />}
    </Confirm>
  );
}

function useChange(approval: ApprovalView, onClose: () => void, change: () => Promise<ApprovalView>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (answer) => {
      queries.setQueryData(["approvals", "one", approval.id], answer);
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["approvals"] }),
  });
}
