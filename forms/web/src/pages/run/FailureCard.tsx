import { Button } from "@mantine/core";
import { CircleX } from "lucide-react";
import type { RunView } from "../../api/types";
import { plainText } from "../../log/line";
import { Callout, OutLink } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { isMoving } from "../../states/states";
import { text } from "../../text";
import css from "./FailureCard.module.css";

const words = text.runs.failure;

/** The first line that says what went wrong, on top of the page, with a way to its place in the log. */
export function FailureCard({ run, onShow }: { run: RunView; onShow: (line: number) => void }) {
  const error = run.first_error;
  const failed = run.state === "failed" || run.state === "refused";
  if (!failed && !(error && run.state !== "succeeded" && isMoving(run.state))) return null;
  const job = run.steps.flatMap((step) => step.jobs).find((one) => one.status === "failed");
  const where = error ? `${error.step}, ${error.job}` : job?.name;
  return (
    <Callout
      tone="bad"
      icon={<CircleX size={18} aria-hidden />}
      title={where ? words.title(visible(where)) : words.titlePlain}
    >
      {run.reason && <p>{visible(run.reason)}</p>}
      {error && <pre className={css.line}>{visible(plainText(error.text))}</pre>}
      <div className={css.foot}>
        {error && (
          <Button size="compact-sm" variant="default" onClick={() => onShow(error.number)}>
            {words.jump} ({words.line(error.number)})
          </Button>
        )}
        {job?.url && <OutLink url={job.url}>{visible(job.name)}</OutLink>}
      </div>
    </Callout>
  );
}
