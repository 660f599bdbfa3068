import { Button, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { stopQuery } from "../../api/queries";
import { useMe } from "../../app/me";
import { Section } from "../../parts/Basics";
import { Confirm } from "../../parts/Confirm";
import { Loaded } from "../../parts/Loaded";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "../../parts/Layout.module.css";

const words = text.freezes.stop;

/** The global stop: whether there is one, and the way to it for those who may. */
export function StopCard() {
  const stop = useQuery(stopQuery(useApi()));
  const may = useMe().permissions.includes("stop.global");
  const [asking, setAsking] = useState(false);
  return (
    <Section title={words.title}>
      <Loaded query={stop} lines={1}>
        {({ stopped, text: said }) => (
          <div className={css.form}>
            <p>{stopped ? visible(said) : words.none}</p>
            <p className="soft">{words.lead}</p>
            {may && (
              <div>
                <Button
                  variant={stopped ? "filled" : "outline"}
                  color={stopped ? "blue" : "red"}
                  onClick={() => setAsking(true)}
                >
                  {stopped ? words.lift : words.button}
                </Button>
              </div>
            )}
            {asking && <StopDialog stopped={stopped} onClose={() => setAsking(false)} />}
          </div>
        )}
      </Loaded>
    </Section>
  );
}

function StopDialog({ stopped, onClose }: { stopped: boolean; onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const act = useMutation({
    mutationFn: () =>
      stopped
        ? take(api.DELETE("/api/v1/stop", { params: { query: { reason: reason.trim() } } }))
        : take(api.POST("/api/v1/stop", { body: { reason: reason.trim() } })),
    onSuccess: (now) => {
      queries.setQueryData(["stop"], now);
      onClose();
    },
  });
  return (
    <Confirm
      title={stopped ? words.liftTitle : words.ask}
      verb={stopped ? words.lift : words.button}
      danger={!stopped}
      busy={act.isPending}
      blocked={!reason.trim()}
      onConfirm={() => act.mutate()}
      onClose={onClose}
    >
      <p>{stopped ? words.liftText : words.lead}</p>
      <Textarea
        label={stopped ? words.liftReason : words.reason}
        description={stopped ? undefined : words.reasonHint}
        required
        maxLength={4000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {act.error && <ProblemNote error={act.error} />}
    </Confirm>
  );
}
