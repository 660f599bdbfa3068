import { Button, Checkbox, Radio, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { AttemptView, RunView } from "../../api/types";
import { Callout } from "../../parts/Basics";
import { CopyText } from "../../parts/CopyText";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./ResolveForm.module.css";

const words = text.runs.resolve;

interface Held {
  step: string;
  attempt: AttemptView;
}

/** One form for each attempt of which nobody could prove whether it arrived. */
export function ResolveForms({ run }: { run: RunView }) {
  const held = run.steps.flatMap((step) =>
    step.attempts
      .filter((attempt) => attempt.state === "held")
      .map((attempt) => ({ step: step.path, attempt })),
  );
  return held.map((one) => <ResolveForm key={`${one.step} ${one.attempt.number}`} run={run} held={one} />);
}

function ResolveForm({ run, held }: { run: RunView; held: Held }) {
  const [outcome, setOutcome] = useState<"ran" | "did_not_run" | null>(null);
  const [external, setExternal] = useState("");
  const [withoutMarker, setWithoutMarker] = useState(false);
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const api = useApi();
  const queries = useQueryClient();
  const complete = outcome !== null && reason.trim() !== "" && (outcome !== "ran" || external.trim() !== "");
  const resolve = useMutation({
    mutationFn: (found: "ran" | "did_not_run") =>
      take(
        api.POST("/api/v1/runs/{run}/resolve", {
          params: { path: { run: run.id } },
          body: {
            step: held.step,
            attempt: held.attempt.number,
            outcome: found,
            external_run: found === "ran" ? external.trim() : null,
            without_marker: found === "ran" && withoutMarker,
            reason,
          },
        }),
      ),
    onSuccess: (seen) => queries.setQueryData(["run", run.id], seen),
  });
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (complete && outcome) resolve.mutate(outcome);
  };
  return (
    <Callout tone="attention" icon={<TriangleAlert size={18} aria-hidden />} title={words.title}>
      <p>{words.lead}</p>
      <p className="soft">
        {words.where(visible(held.step), held.attempt.number)} · {words.marker}:{" "}
        <CopyText value={held.attempt.marker} />
      </p>
      {held.attempt.findings.length > 0 && (
        <ul>
          {held.attempt.findings.map((one) => (
            <li key={one.by.id}>
              {words.found(visible(one.by.name), one.external_run && visible(one.external_run))}:{" "}
              {visible(one.reason)}
            </li>
          ))}
          <li>{words.second}</li>
        </ul>
      )}
      {run.may.resolve.allowed ? (
        <form className={css.form} onSubmit={submit} noValidate>
          <Radio.Group
            label={words.outcome}
            value={outcome}
            onChange={(value) => setOutcome(value as "ran" | "did_not_run")}
          >
            <div className={css.radios}>
              <Radio value="ran" label={words.ran} />
              <Radio value="did_not_run" label={words.didNotRun} />
            </div>
          </Radio.Group>
          {outcome === "ran" && (
            <>
              <TextInput
                label={words.external}
                required
                error={tried && !external.trim() && words.requiredExternal}
                value={external}
                onChange={(event) => setExternal(event.currentTarget.value)}
              />
              <Checkbox
                label={words.withoutMarker}
                description={words.withoutMarkerMeans}
                checked={withoutMarker}
                onChange={(event) => setWithoutMarker(event.currentTarget.checked)}
              />
            </>
          )}
          <Textarea
            label={words.reason}
            required
            maxLength={4000}
            error={tried && (!outcome || !reason.trim()) && words.required}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Button type="submit" loading={resolve.isPending}>
            {words.submit}
          </Button>
          {resolve.error && <ProblemNote error={resolve.error} />}
        </form>
      ) : (
        <p>
          {words.notYou}: {visible(run.may.resolve.why_not ?? "")}
        </p>
      )}
    </Callout>
  );
}
