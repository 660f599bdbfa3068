import { Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CirclePause } from "lucide-react";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { GateAnswerView, GateView, RunView } from "../../api/types";
import { Callout, OutLink } from "../../parts/Basics";
import { Confirm } from "../../parts/Confirm";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { capital, visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";
import css from "./Gates.module.css";

const words = text.runs.gates;
type Verdict = "go" | "stop";

/** Where the run waits in the CI system for somebody, with a way to answer from here where that is possible. */
export function Gates({ run }: { run: RunView }) {
  return run.gates.map((gate) => <Gate key={gate.id} run={run} gate={gate} />);
}

function Gate({ run, gate }: { run: RunView; gate: GateView }) {
  const [saying, setSaying] = useState<Verdict | null>(null);
  const onlyThere = !gate.go.allowed && !gate.stop.allowed;
  return (
    <Callout
      tone="waiting"
      icon={<CirclePause size={18} aria-hidden />}
      title={`${capital(visible(gate.text))} (${visible(gate.title)})`}
    >
      <div className={css.gate}>
        {onlyThere && gate.go.why_not && <p>{visible(gate.go.why_not)}</p>}
        {gate.answers.map((answer) => (
          <Answer key={answer.at} answer={answer} />
        ))}
        <div className={css.foot}>
          {!onlyThere && (
            <>
              <ReasonedButton size="compact-sm" may={gate.go} onClick={() => setSaying("go")}>
                {words.verbs[gate.kind].go}
              </ReasonedButton>
              <ReasonedButton
                size="compact-sm"
                variant="outline"
                color="red"
                may={gate.stop}
                onClick={() => setSaying("stop")}
              >
                {words.verbs[gate.kind].stop}
              </ReasonedButton>
            </>
          )}
          {gate.url && <OutLink url={gate.url}>{words.open}</OutLink>}
        </div>
      </div>
      {saying && <GateDialog run={run} gate={gate} verdict={saying} onClose={() => setSaying(null)} />}
    </Callout>
  );
}

function Answer({ answer }: { answer: GateAnswerView }) {
  return (
    <p className="small">
      {words.said(visible(answer.by.name), answer.verdict)} <When at={answer.at} />:{" "}
      {text.states.gateAnswer[answer.state]}
      {answer.note && `. ${visible(answer.note)}`}
    </p>
  );
}

/** Says what will happen, takes a comment, and tells the CI system once. */
function GateDialog(props: { run: RunView; gate: GateView; verdict: Verdict; onClose: () => void }) {
  const { run, gate, verdict, onClose } = props;
  const api = useApi();
  const queries = useQueryClient();
  const [comment, setComment] = useState("");
  const [key] = useState(newKey); // one per opened dialog: pressing twice answers once
  const answer = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/runs/{run}/gates/{gate}", {
          params: { path: { run: run.id, gate: gate.id }, header: { "idempotency-key": key } },
          body: { verdict, comment },
        }),
      ),
    onSuccess: (seen) => {
      queries.setQueryData(["run", run.id], seen);
      onClose();
    },
  });
  return (
    <Confirm
      title={words.title[verdict]}
      verb={words.verbs[gate.kind][verdict]}
      danger={verdict === "stop"}
      busy={answer.isPending}
      onConfirm={() => answer.mutate()}
      onClose={onClose}
    >
      <p>{words.explain[verdict](visible(gate.title), visible(gate.job))}</p>
      <Textarea
        label={words.comment}
        description={words.commentHint}
        maxLength={4000}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      {answer.error && <ProblemNote error={answer.error} />}
    </Confirm>
  );
}
