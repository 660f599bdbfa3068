import { Button, Textarea } from "@mantine/core";
import { Check, Hand, X } from "lucide-react";
import { lazy, Suspense, useCallback, useMemo, useRef, useState } from "react";
import type { TaskView } from "../../api/types";
import { Callout, Section } from "../../parts/Basics";
import { Loading } from "../../parts/Loading";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import { ofTask } from "../approval/asking";
import type { Settle } from "../approval/StageForm";
import { HandOver } from "./HandOver";
import css from "./TaskBody.module.css";
import { useTaskChange } from "./useTaskChange";

// The form is drawn by a library that few tasks need.
const StageForm = lazy(() => import("../approval/StageForm"));
const words = text.tasks;

/** Take it, hand it over, say that it is done, or that it cannot be; or why the reader cannot. */
export function Act({ task }: { task: TaskView }) {
  const change = useTaskChange(task.id);
  const [said, setSaid] = useState("");
  const [missing, setMissing] = useState(false);
  const settle = useRef<Settle>(() => Promise.resolve({}));
  const ready = useCallback((given: Settle) => {
    settle.current = given;
  }, []);
  const asking = useMemo(() => ofTask(task.id), [task.id]);
  if (!task.may_do.allowed) {
    const somebodyElse = task.claimed_by !== null && !task.yours;
    return (
      <>
        <Callout tone="stopped" title={words.notYou}>
          {task.may_do.why_not && visible(task.may_do.why_not)}
        </Callout>
        {somebodyElse && (
          <Button
            variant="default"
            loading={change.isPending}
            onClick={() => change.mutate({ what: "claim", over: true })}
          >
            {words.takeOver}
          </Button>
        )}
        {change.error && <ProblemNote error={change.error} />}
      </>
    );
  }
  const done = async () => {
    setMissing(false);
    const answers = task.asks ? await settle.current().catch(() => null) : {};
    if (answers) change.mutate({ what: "complete", answers, words: said.trim() });
  };
  const cannot = () => {
    setMissing(said.trim() === "");
    if (said.trim() !== "") change.mutate({ what: "fail", words: said.trim() });
  };
  return (
    <Section title={words.act}>
      <div className={css.act}>
        {task.asks && (
          <Suspense fallback={<Loading lines={3} />}>
            <StageForm asking={asking} onReady={ready} />
          </Suspense>
        )}
        <Textarea
          label={words.words}
          description={words.wordsHint}
          rows={2}
          resize="vertical"
          maxLength={4000}
          value={said}
          error={missing && said.trim() === "" && words.wordsNeeded}
          onChange={(event) => setSaid(event.currentTarget.value)}
        />
        <div className={css.buttons}>
          <Button
            leftSection={<Check size={16} aria-hidden />}
            disabled={change.isPending}
            onClick={() => void done()}
          >
            {task.kind === "input" ? words.send : words.done}
          </Button>
          {!task.yours && (
            <Button
              variant="default"
              leftSection={<Hand size={16} aria-hidden />}
              disabled={change.isPending}
              onClick={() => change.mutate({ what: "claim", over: false })}
            >
              {words.take}
            </Button>
          )}
          {task.yours && <HandOver task={task} />}
          <Button
            variant="outline"
            color="red"
            leftSection={<X size={16} aria-hidden />}
            disabled={change.isPending}
            onClick={cannot}
          >
            {words.cannot}
          </Button>
        </div>
        {change.error && <ProblemNote error={change.error} />}
      </div>
    </Section>
  );
}
