import { Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { LastsView, RunView } from "../../api/types";
import { Confirm } from "../../parts/Confirm";
import { ProblemNote } from "../../parts/Problem";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { exact, forField } from "../../parts/time";
import { text } from "../../text";
import css from "./Lasting.module.css";

const words = text.runs.lasting;

interface Props {
  run: string;
  step: string;
  lasts: LastsView;
}

/** What is temporary ends later, or is given back now. What the reader may not do says why. */
export function LastingButtons({ run, step, lasts }: Props) {
  const [doing, setDoing] = useState<"extend" | "giveBack" | null>(null);
  const close = () => setDoing(null);
  return (
    <div className={css.buttons}>
      <ReasonedButton
        size="compact-sm"
        variant="default"
        may={lasts.extend}
        onClick={() => setDoing("extend")}
      >
        {words.extend}
      </ReasonedButton>
      <ReasonedButton
        size="compact-sm"
        variant="default"
        may={lasts.give_back}
        onClick={() => setDoing("giveBack")}
      >
        {words.giveBack}
      </ReasonedButton>
      {doing === "extend" && <Extend run={run} step={step} lasts={lasts} onClose={close} />}
      {doing === "giveBack" && <GiveBack run={run} step={step} onClose={close} />}
    </div>
  );
}

function Extend({ run, step, lasts, onClose }: Props & { onClose: () => void }) {
  const api = useApi();
  const [until, setUntil] = useState(lasts.until === null ? "" : forField(lasts.until));
  const told = useTold(run, onClose);
  const extend = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/runs/{run}/steps/{step}/extend", {
          params: { path: { run, step } },
          body: { until: new Date(until).toISOString() },
        }),
      ),
    onSuccess: told,
  });
  const later = until !== "" && (lasts.until === null || new Date(until) > new Date(lasts.until));
  return (
    <Confirm
      title={words.extendTitle}
      verb={words.extend}
      busy={extend.isPending}
      blocked={!later}
      onConfirm={() => extend.mutate()}
      onClose={onClose}
    >
      <p>{words.extendText}</p>
      <TextInput
        type="datetime-local"
        label={words.until}
        description={lasts.latest === null ? undefined : words.latest(exact(lasts.latest))}
        required
        max={lasts.latest === null ? undefined : forField(lasts.latest)}
        value={until}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
      {extend.error && <ProblemNote error={extend.error} />}
    </Confirm>
  );
}

function GiveBack({ run, step, onClose }: Omit<Props, "lasts"> & { onClose: () => void }) {
  const api = useApi();
  const [reason, setReason] = useState("");
  const told = useTold(run, onClose);
  const end = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/runs/{run}/steps/{step}/end", {
          params: { path: { run, step } },
          body: { reason: reason.trim() },
        }),
      ),
    onSuccess: told,
  });
  return (
    <Confirm
      title={words.giveBackTitle}
      verb={words.giveBack}
      busy={end.isPending}
      onConfirm={() => end.mutate()}
      onClose={onClose}
    >
      <p>{words.giveBackText}</p>
      <Textarea
        label={text.runs.confirm.reason}
        description={text.runs.confirm.reasonHint}
        maxLength={4000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {end.error && <ProblemNote error={end.error} />}
    </Confirm>
  );
}

/** The run says what has become of it; its entity tells until when. */
function useTold(run: string, onClose: () => void) {
  const queries = useQueryClient();
  return (seen: RunView) => {
    queries.setQueryData(["run", run], seen);
    void queries.invalidateQueries({ queryKey: ["entities"] });
    onClose();
  };
}
