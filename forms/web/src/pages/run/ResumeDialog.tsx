import { Radio, Textarea } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { ResumeStep, ResumeView, RunView } from "../../api/types";
import { Confirm } from "../../parts/Confirm";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./ResolveForm.module.css";

const words = text.runs.resume;

type Answer = "done" | "again";
type Answers = Record<string, Answer>;

/** What resuming would do, step by step; what nobody knows is asked; then a run of its own goes on. */
export function ResumeDialog({ run, onClose }: { run: RunView; onClose: () => void }) {
  const [answers, setAnswers] = useState<Answers>({});
  const [reason, setReason] = useState("");
  const [key] = useState(newKey); // one per opened dialog: pressing twice resumes once
  const api = useApi();
  const navigate = useNavigate();
  const path = { run: run.id };
  const seen = useQuery({
    queryKey: ["resume", run.id],
    queryFn: () => take(api.GET("/api/v1/runs/{run}/resume", { params: { path } })),
    gcTime: 0,
  });
  const resume = useMutation({
    mutationFn: (shown: ResumeView) =>
      take(
        api.POST("/api/v1/runs/{run}/resume", {
          params: { path, header: { "idempotency-key": key } },
          body: { reason, answers, version: shown.changed ? shown.version : null },
        }),
      ),
    onSuccess: async (started) => {
      onClose();
      await navigate(`/runs/${encodeURIComponent(started.id)}`);
    },
  });
  const open = seen.data?.steps.some((step) => step.does === "ask" && !answers[step.step]) ?? true;
  return (
    <Confirm
      title={words.title}
      verb={words.verb}
      busy={resume.isPending}
      blocked={open}
      onConfirm={() => seen.data && resume.mutate(seen.data)}
      onClose={onClose}
    >
      <p>{words.lead}</p>
      {seen.isPending && <p className="soft">{words.looking}</p>}
      {seen.error && <ProblemNote error={seen.error} />}
      {seen.data && (
        <>
          <ul aria-label={words.steps}>
            {seen.data.steps.map((step) => (
              <li key={step.step}>
                <strong>{words.does[step.does]}</strong>: {visible(step.text)}
                {step.does === "ask" && (
                  <Ask
                    step={step}
                    answer={answers[step.step] ?? null}
                    onAnswer={(said) => setAnswers({ ...answers, [step.step]: said })}
                  />
                )}
              </li>
            ))}
          </ul>
          <Differences seen={seen.data} />
          <Textarea
            label={text.runs.confirm.reason}
            description={text.runs.confirm.reasonHint}
            maxLength={4000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        </>
      )}
      {resume.error && <ProblemNote error={resume.error} />}
    </Confirm>
  );
}

function Ask(props: { step: ResumeStep; answer: Answer | null; onAnswer: (said: Answer) => void }) {
  return (
    <Radio.Group
      label={words.ask(visible(props.step.step))}
      value={props.answer}
      onChange={(value) => props.onAnswer(value as Answer)}
    >
      <div className={css.radios}>
        {props.step.answers.map((one) => (
          <Radio key={one} value={one} label={words.answers[one]} />
        ))}
      </div>
    </Radio.Group>
  );
}

function Differences({ seen }: { seen: ResumeView }) {
  if (!seen.changed && seen.differences.length === 0) return null;
  return (
    <>
      <p>{seen.changed ? words.changed : words.different}</p>
      <ul aria-label={words.differences}>
        {seen.differences.map((one) => (
          <li key={one.field}>
            <code>{visible(one.field)}</code>: {shown(one.before)} → {shown(one.after)}
          </li>
        ))}
      </ul>
    </>
  );
}

function shown(value: unknown): string {
  return value === null || value === undefined ? words.nothing : visible(JSON.stringify(value));
}
