import { Radio, Select, TextInput } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { previewQuery, runsQuery, scheduleQuery } from "../../api/queries";
import type { RunSummary, ScheduleView } from "../../api/types";
import { PageHead, Section } from "../../parts/Basics";
import { DraftForm, useDraft, type Drafted } from "../../parts/DraftForm";
import { Loaded } from "../../parts/Loaded";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { inWords } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import css from "../../parts/Layout.module.css";
import { draftOf, EMPTY, specOf, timeOf, type Draft } from "./draft";
import { schedulePath } from "./looks";
import { Times } from "./SchedulePage";

const words = text.schedules.form;
const LATEST = 50;

/** `/schedules/new`, `/schedules/sc_1/change` */
export default function ScheduleFormPage() {
  const { id } = useParams();
  useTitle(id ? words.changeTitle : words.makeTitle);
  return (
    <>
      <PageHead
        back={{ to: id ? schedulePath(id) : "/schedules", label: text.schedules.one.back }}
        title={id ? words.changeTitle : words.makeTitle}
        lead={words.lead}
      />
      {id ? <Change id={id} /> : <Form start={EMPTY} />}
    </>
  );
}

function Change({ id }: { id: string }) {
  const found = useQuery({ ...scheduleQuery(useApi(), id), refetchOnWindowFocus: false });
  return <Loaded query={found}>{(schedule) => <Form start={draftOf(schedule)} changed={schedule} />}</Loaded>;
}

function Form({ start, changed }: { start: Draft; changed?: ScheduleView }) {
  const { draft, set } = useDraft(start);
  const [like, setLike] = useState<RunSummary | null>(null);
  const save = useSave(draft, like, changed);
  return (
    <DraftForm
      save={save}
      verb={changed ? words.change : words.make}
      blocked={!timeOf(draft) || (!changed && !like)}
    >
      <Section title={words.what}>
        <div className={css.form}>
          <TextInput
            label={words.title}
            description={words.titleHint}
            required
            maxLength={200}
            value={draft.title}
            onChange={(event) => set("title", event.currentTarget.value)}
          />
          {changed ? <p className="soft">{words.kept}</p> : <Like chosen={like} choose={setLike} />}
        </div>
      </Section>
      <When draft={draft} set={set} />
      <WhatIf draft={draft} set={set} />
    </DraftForm>
  );
}

function useSave(draft: Draft, like: RunSummary | null, changed?: ScheduleView) {
  const api = useApi();
  const queries = useQueryClient();
  const go = useNavigate();
  const [key] = useState(newKey); // one per form: pressing twice makes one
  const spec = specOf(draft, like) as Record<string, never>;
  return useMutation({
    mutationFn: () =>
      changed
        ? take(
            api.PATCH("/api/v1/schedules/{schedule}", {
              params: { path: { schedule: changed.id } },
              body: { title: draft.title, spec },
            }),
          )
        : take(
            api.POST("/api/v1/schedules", {
              params: { header: { "idempotency-key": key } },
              body: { title: draft.title, description: "", spec },
            }),
          ),
    onSuccess: async (schedule) => {
      queries.setQueryData(["schedules", "one", schedule.id], schedule);
      void queries.invalidateQueries({ queryKey: ["schedules"] });
      await go(schedulePath(schedule.id));
    },
  });
}

/** What is asked for, as an earlier run was. */
function Like({ chosen, choose }: { chosen: RunSummary | null; choose: (run: RunSummary | null) => void }) {
  const found = useInfiniteQuery(runsQuery(useApi(), {}, LATEST));
  const earlier = found.data?.pages[0]?.items ?? [];
  if (found.isSuccess && earlier.length === 0) return <p>{words.noRuns}</p>;
  return (
    <Select
      label={words.like}
      description={words.likeHint}
      required
      searchable
      data={earlier.map((run) => ({ value: run.id, label: inShort(run) }))}
      value={chosen?.id ?? null}
      onChange={(id) => choose(earlier.find((run) => run.id === id) ?? null)}
    />
  );
}

function inShort(run: RunSummary): string {
  const answers = Object.values(run.inputs)
    .filter((value) => value !== null && value !== "" && typeof value !== "object")
    .map((value) => inWords(value));
  return [run.action_title, run.entity, ...answers].filter(Boolean).join(" · ").slice(0, 140);
}

type Part = Drafted<Draft>;

function When({ draft, set }: Part) {
  return (
    <Section title={words.when}>
      <div className={css.form}>
        <Radio.Group
          aria-label={words.when}
          value={draft.kind}
          onChange={(next) => set("kind", next as Draft["kind"])}
        >
          <div className={css.form}>
            <Radio value="again" label={words.again} />
            <Radio value="once" label={words.once} />
          </div>
        </Radio.Group>
        <div className={css.row}>
          {draft.kind === "again" ? (
            <TextInput
              label={words.cron}
              description={words.cronHint}
              required
              value={draft.cron}
              onChange={(event) => set("cron", event.currentTarget.value)}
            />
          ) : (
            <TextInput
              label={words.at}
              type="datetime-local"
              required
              value={draft.at}
              onChange={(event) => set("at", event.currentTarget.value)}
            />
          )}
          <TextInput
            label={words.zone}
            description={words.zoneHint}
            required
            value={draft.timezone}
            onChange={(event) => set("timezone", event.currentTarget.value)}
          />
        </div>
        <Preview draft={draft} />
      </div>
    </Section>
  );
}

/** The server works it out: what it says is what will be. */
function Preview({ draft }: { draft: Draft }) {
  const time = timeOf(draft);
  const found = useQuery({ ...previewQuery(useApi(), time), enabled: time !== null });
  if (time === null) return null;
  if (found.error) return <ProblemNote error={found.error} />;
  return (
    <div role="status" aria-label={words.upcoming}>
      {found.data && <Times times={found.data.upcoming} />}
    </div>
  );
}

function WhatIf({ draft, set }: Part) {
  return (
    <Section title={words.whatIf}>
      <div className={css.row}>
        <Select
          label={words.overlap}
          allowDeselect={false}
          data={Object.entries(words.overlaps).map(([value, label]) => ({ value, label }))}
          value={draft.overlap}
          onChange={(next) => set("overlap", next ?? "skip")}
        />
        <TextInput
          label={words.catchUp}
          description={words.catchUpHint}
          required
          value={draft.catchUp}
          onChange={(event) => set("catchUp", event.currentTarget.value)}
        />
        <Select
          label={words.missed}
          allowDeselect={false}
          data={Object.entries(words.misses).map(([value, label]) => ({ value, label }))}
          value={draft.missed}
          onChange={(next) => set("missed", next ?? "skip")}
        />
      </div>
    </Section>
  );
}
