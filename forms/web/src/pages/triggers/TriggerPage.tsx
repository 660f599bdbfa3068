import { Textarea } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { reactionsQuery, triggerQuery } from "../../api/queries";
import type { TriggerView } from "../../api/types";
import { useMe } from "../../app/me";
import { Empty, EntityLink, Facts, PageHead, PersonName, Section } from "../../parts/Basics";
import { Confirm } from "../../parts/Confirm";
import { Readable } from "../../parts/Json";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { useTitle } from "../../parts/title";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import css from "../freezes/FreezesPage.module.css";
import { sourceName, triggerLook } from "./looks";
import { Reactions } from "./Reactions";

const words = text.triggers.one;

/** `/triggers/restart-on-alert` */
export default function TriggerPage() {
  const { id = "" } = useParams();
  const found = useQuery(triggerQuery(useApi(), id));
  useTitle(found.data?.title);
  return (
    <Loaded query={found} lines={6} page>
      {(trigger) => (
        <>
          <PageHead
            back={{ to: "/triggers", label: words.back }}
            title={visible(trigger.title)}
            lead={trigger.description ? visible(trigger.description) : undefined}
            aside={<Buttons trigger={trigger} />}
          />
          <div className={css.stack}>
            <div className={css.columns}>
              <About trigger={trigger} />
              <Section title={words.rules}>
                <Readable value={trigger.spec} />
              </Section>
            </div>
            <History trigger={trigger} />
          </div>
        </>
      )}
    </Loaded>
  );
}

function About({ trigger }: { trigger: TriggerView }) {
  return (
    <Section title={visible(trigger.text)} aside={<StateBadge look={triggerLook(trigger)} />}>
      <Facts
        facts={[
          [text.triggers.listens, visible(sourceName(trigger.listens))],
          [
            text.triggers.action,
            <Link key="action" to={`/actions/${encodeURIComponent(trigger.action)}`}>
              {visible(trigger.action)}
            </Link>,
          ],
          [words.owner, <EntityLink key="owner" entity={trigger.owner} />],
          trigger.paused_by !== null && [words.pausedBy, <PersonName key="by" person={trigger.paused_by} />],
          trigger.failures > 0 && [words.failures, trigger.failures],
          [words.changed, <When key="changed" at={trigger.changed_at} />],
        ]}
      />
    </Section>
  );
}

function History({ trigger }: { trigger: TriggerView }) {
  const found = useInfiniteQuery(reactionsQuery(useApi(), trigger.id));
  const reads = useMe().permissions.includes("webhooks.read");
  const [again, setAgain] = useState<string | null>(null);
  return (
    <Section title={words.history} flush>
      <Loaded query={found}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          if (rows.length === 0) return <Empty title={words.noHistory} />;
          return (
            <>
              <Reactions
                caption={words.history}
                of="trigger"
                rows={rows}
                events={reads}
                more={{
                  head: words.replay,
                  tight: true,
                  cell: (one) => (
                    <ReasonedButton
                      may={trigger.may_pause}
                      size="compact-sm"
                      variant="default"
                      onClick={() => setAgain(one.event)}
                    >
                      {words.replay}
                    </ReasonedButton>
                  ),
                }}
              />
              <MoreButton query={found} />
            </>
          );
        }}
      </Loaded>
      {again && <Replay key={again} trigger={trigger.id} event={again} onClose={() => setAgain(null)} />}
    </Section>
  );
}

function Replay({ trigger, event, onClose }: { trigger: string; event: string; onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const [key] = useState(newKey); // one per question: pressing twice asks once
  const replay = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/triggers/{trigger}/replay", {
          params: { path: { trigger }, header: { "idempotency-key": key } },
          body: { event },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["triggers"] });
      onClose();
    },
  });
  return (
    <Confirm
      title={words.replayTitle}
      verb={words.replay}
      busy={replay.isPending}
      onConfirm={() => replay.mutate()}
      onClose={onClose}
    >
      <p>{words.replayText}</p>
      {replay.error && <ProblemNote error={replay.error} />}
    </Confirm>
  );
}

function Buttons({ trigger }: { trigger: TriggerView }) {
  const [asking, setAsking] = useState(false);
  const resume = usePausing(trigger.id, null, () => undefined);
  if (trigger.state === "paused")
    return (
      <>
        <ReasonedButton
          may={trigger.may_pause}
          variant="default"
          loading={resume.isPending}
          onClick={() => resume.mutate()}
        >
          {words.resume}
        </ReasonedButton>
        {resume.error && <ProblemNote error={resume.error} />}
      </>
    );
  return (
    <>
      <ReasonedButton may={trigger.may_pause} variant="default" onClick={() => setAsking(true)}>
        {words.pause}
      </ReasonedButton>
      {asking && <Pause trigger={trigger.id} onClose={() => setAsking(false)} />}
    </>
  );
}

function Pause({ trigger, onClose }: { trigger: string; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const pause = usePausing(trigger, reason, onClose);
  return (
    <Confirm
      title={words.pauseTitle}
      verb={words.pause}
      busy={pause.isPending}
      onConfirm={() => pause.mutate()}
      onClose={onClose}
    >
      <p>{words.pauseText}</p>
      <Textarea
        label={words.why}
        maxLength={4000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {pause.error && <ProblemNote error={pause.error} />}
    </Confirm>
  );
}

/** Pauses it for a reason, or without one lets it go on. */
function usePausing(trigger: string, reason: string | null, onClose: () => void) {
  const api = useApi();
  const queries = useQueryClient();
  const params = { path: { trigger } };
  return useMutation({
    mutationFn: () =>
      reason === null
        ? take(api.POST("/api/v1/triggers/{trigger}/resume", { params }))
        : take(api.POST("/api/v1/triggers/{trigger}/pause", { params, body: { reason } })),
    onSuccess: (now) => {
      queries.setQueryData(["triggers", "one", trigger], now);
      void queries.invalidateQueries({ queryKey: ["triggers"] });
      onClose();
    },
  });
}
