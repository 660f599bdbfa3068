import { Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { LastsView, RunView } from "../../api/types";
import { Confirm } from "../../parts/Confirm";
import { ProblemNote } from "../../parts/Problem";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { forField, local } from "../../parts/time";
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
  const [doing, setDoing] = useState<"longer" | "giveBack" | null>(null);
  const asks = !lasts.extend.allowed && lasts.ask.allowed;
  const close = () => setDoing(null);
  return (
    <div className={css.buttons}>
      <ReasonedButton
        size="compact-sm"
        variant="default"
        may={asks ? lasts.ask : lasts.extend}
        onClick={() => setDoing("longer")}
      >
        {asks ? words.ask : words.extend}
      </ReasonedButton>
      <ReasonedButton
        size="compact-sm"
        variant="default"
        may={lasts.give_back}
        onClick={() => setDoing("giveBack")}
      >
        {words.giveBack}
      </ReasonedButton>
      {doing === "longer" && <Longer run={run} step={step} lasts={lasts} asks={asks} onClose={close} />}
      {doing === "giveBack" && <GiveBack run={run} step={step} onClose={close} />}
    </div>
  );
}

/** `asks`: the reader does not say so, but asks those who do. */
function Longer({ run, step, lasts, asks, onClose }: Props & { asks: boolean; onClose: () => void }) {
  const api = useApi();
  const [comment, setComment] = useState("");
  const [until, setUntil] = useState(lasts.until === null ? "" : forField(lasts.until));
  const told = useTold(run, onClose);
  const params = { path: { run, step } };
  const longer = useMutation({
    mutationFn: () => {
      const body = { until: new Date(until).toISOString() };
      return asks
        ? take(api.POST("/api/v1/runs/{run}/steps/{step}/extension", { params, body }))
        : take(api.POST("/api/v1/runs/{run}/steps/{step}/extend", { params, body: { ...body, comment } }));
    },
    onSuccess: told,
  });
  const later = until !== "" && (lasts.until === null || new Date(until) > new Date(lasts.until));
  return (
    <Confirm
      title={asks ? words.askTitle : words.extendTitle}
      verb={asks ? words.ask : words.extend}
      busy={longer.isPending}
      blocked={!later}
      onConfirm={() => longer.mutate()}
      onClose={onClose}
    >
      <p>{asks ? words.askText : words.extendText}</p>
      <TextInput
        type="datetime-local"
        label={words.until}
        description={lasts.latest === null ? undefined : words.latest(local(lasts.latest))}
        required
        max={lasts.latest === null ? undefined : forField(lasts.latest)}
        value={until}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
      {!asks && (
        <Textarea
          label={words.comment}
          description={text.runs.confirm.reasonHint}
          maxLength={4000}
          value={comment}
          onChange={(event) => setComment(event.currentTarget.value)}
        />
      )}
      {longer.error && <ProblemNote error={longer.error} />}
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
