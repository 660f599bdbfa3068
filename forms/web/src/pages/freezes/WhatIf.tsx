import { Button, Select, TextInput } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { actionsQuery, runsQuery } from "../../api/queries";
import type { PlanView, RunSummary } from "../../api/types";
import { Callout, Facts, Section } from "../../parts/Basics";
import { FreezeNote } from "../../parts/FreezeNote";
import { ProblemNote } from "../../parts/Problem";
import { inWords, visible } from "../../parts/textOf";
import { Until } from "../../parts/Times";
import { text } from "../../text";
import css from "../../parts/Layout.module.css";

const words = text.freezes.whatIf;
const LATEST = 20;

/** A dry run at another time, with the answers of an earlier run. */
export function WhatIf() {
  const api = useApi();
  const [action, setAction] = useState<string | null>(null);
  const [like, setLike] = useState<string | null>(null);
  const [at, setAt] = useState("");
  const actions = useQuery(actionsQuery(api));
  const runs = useInfiniteQuery({
    ...runsQuery(api, { action: action ?? undefined }, LATEST),
    enabled: action !== null,
    placeholderData: undefined,
  });
  const earlier = runs.data?.pages[0]?.items ?? [];
  const chosen = earlier.find((run) => run.id === like);
  const plan = useMutation({
    mutationFn: (run: RunSummary) =>
      take(
        api.POST("/api/v1/actions/{name}/plan", {
          params: { path: { name: run.action } },
          body: {
            entity: run.entity,
            inputs: run.inputs as Record<string, never>,
            at: new Date(at).toISOString(),
          },
        }),
      ),
  });
  return (
    <Section title={words.title}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (chosen && at) plan.mutate(chosen);
        }}
      >
        <p className="soft">{words.lead}</p>
        <div className={css.row}>
          <Select
            label={words.action}
            data={(actions.data?.items ?? []).map((one) => ({ value: one.name, label: visible(one.title) }))}
            value={action}
            onChange={(next) => {
              setAction(next);
              setLike(null);
            }}
          />
          <Select
            label={words.like}
            disabled={earlier.length === 0}
            data={earlier.map((run) => ({ value: run.id, label: inShort(run) }))}
            value={like}
            onChange={setLike}
          />
          <TextInput
            label={words.at}
            type="datetime-local"
            value={at}
            onChange={(event) => setAt(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={plan.isPending} disabled={!chosen || !at}>
            {words.ask}
          </Button>
        </div>
        {action && runs.isSuccess && earlier.length === 0 && (
          <p>
            {words.noRuns} <Link to={`/actions/${encodeURIComponent(action)}`}>{words.form}</Link>
          </p>
        )}
        {plan.error && <ProblemNote error={plan.error} />}
        {plan.data && <Answer plan={plan.data} />}
      </form>
    </Section>
  );
}

/** What tells it apart from the others: on what, with which answers. */
function inShort(run: RunSummary): string {
  const answers = Object.values(run.inputs)
    .filter((value) => value !== null && value !== "" && typeof value !== "object")
    .map((value) => inWords(value));
  return [run.entity, ...answers].filter(Boolean).join(" · ").slice(0, 120);
}

function Answer({ plan }: { plan: PlanView }) {
  const freezes = plan.freezes ?? [];
  return (
    <div className={css.form} role="status">
      {freezes.length === 0 && !plan.stopped ? (
        <Callout tone="good" icon={<CircleCheck size={18} aria-hidden />}>
          {words.free}
        </Callout>
      ) : (
        <FreezeNote freezes={freezes} stopped={plan.stopped} />
      )}
      <Facts
        facts={[
          [words.starts, visible(plan.starts)],
          freezes.length > 0 && [
            words.earliest,
            plan.starts_at ? <Until key="at" at={plan.starts_at} /> : text.freezes.unknown,
          ],
          [
            words.approvals,
            plan.approvals.length === 0
              ? words.noApproval
              : plan.approvals.map((one) => visible(one.who)).join("; "),
          ],
        ]}
      />
    </div>
  );
}
