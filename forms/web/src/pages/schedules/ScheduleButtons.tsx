import { Button, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { done, take, type Api } from "../../api/client";
import { useApi } from "../../api/context";
import type { ScheduleView } from "../../api/types";
import { Confirm } from "../../parts/Confirm";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { text } from "../../text";
import { schedulePath } from "./looks";

const words = text.schedules.one;
type What = "run" | "pause" | "resume" | "take" | "remove";

const SAYS: Record<What, { title: string; lead: string; verb: string }> = {
  run: { title: words.runTitle, lead: words.runText, verb: words.runNow },
  pause: { title: words.pauseTitle, lead: words.pauseText, verb: words.pause },
  resume: { title: words.resumeTitle, lead: words.resumeText, verb: words.resume },
  take: { title: words.takeTitle, lead: words.takeText, verb: words.take },
  remove: { title: words.removeTitle, lead: words.removeText, verb: words.remove },
};

export function ScheduleButtons({ schedule }: { schedule: ScheduleView }) {
  const [asked, setAsked] = useState<What | null>(null);
  const { may } = schedule;
  return (
    <>
      {may.change.allowed && (
        <Button variant="default" component={Link} to={`${schedulePath(schedule.id)}/change`}>
          {words.change}
        </Button>
      )}
      {may.take.allowed && (
        <Button variant="default" onClick={() => setAsked("take")}>
          {words.take}
        </Button>
      )}
      <ReasonedButton
        may={may.pause}
        variant="default"
        onClick={() => setAsked(schedule.state === "paused" ? "resume" : "pause")}
      >
        {schedule.state === "paused" ? words.resume : words.pause}
      </ReasonedButton>
      {may.remove.allowed && (
        <Button variant="outline" color="red" onClick={() => setAsked("remove")}>
          {words.remove}
        </Button>
      )}
      <ReasonedButton may={may.run} onClick={() => setAsked("run")}>
        {words.runNow}
      </ReasonedButton>
      {asked && <Ask key={asked} what={asked} schedule={schedule} onClose={() => setAsked(null)} />}
    </>
  );
}

function Ask({ what, schedule, onClose }: { what: What; schedule: ScheduleView; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const does = useDoes(what, schedule.id, reason, onClose);
  const { title, lead, verb } = SAYS[what];
  return (
    <Confirm
      title={title}
      verb={verb}
      danger={what === "remove"}
      busy={does.isPending}
      onConfirm={() => does.mutate()}
      onClose={onClose}
    >
      <p>{lead}</p>
      {what === "pause" && (
        <Textarea
          label={words.why}
          maxLength={4000}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
      )}
      {does.error && <ProblemNote error={does.error} />}
    </Confirm>
  );
}

function useDoes(what: What, id: string, reason: string, onClose: () => void) {
  const api = useApi();
  const queries = useQueryClient();
  const go = useNavigate();
  const [key] = useState(newKey);
  return useMutation({
    mutationFn: () => call(api, what, id, reason, key),
    onSuccess: async (to) => {
      if (to === null) onClose();
      else await go(to);
      void queries.invalidateQueries({ queryKey: ["schedules"] });
    },
  });
}

/** Does it; where to go then, if not here. */
async function call(api: Api, what: What, id: string, reason: string, key: string): Promise<string | null> {
  const params = { path: { schedule: id } };
  switch (what) {
    case "run": {
      const header = { "idempotency-key": key };
      const run = await take(api.POST("/api/v1/schedules/{schedule}/run", { params: { ...params, header } }));
      return `/runs/${encodeURIComponent(run.id)}`;
    }
    case "pause":
      await take(api.POST("/api/v1/schedules/{schedule}/pause", { params, body: { reason } }));
      return null;
    case "resume":
      await take(api.POST("/api/v1/schedules/{schedule}/resume", { params }));
      return null;
    case "take":
      await take(api.POST("/api/v1/schedules/{schedule}/take", { params }));
      return null;
    case "remove":
      await done(api.DELETE("/api/v1/schedules/{schedule}", { params }));
      return "/schedules";
  }
}
