import { Checkbox, Radio, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { freezeQuery } from "../../api/queries";
import type { FreezeView } from "../../api/types";
import { PageHead, Section } from "../../parts/Basics";
import { DraftForm, useDraft, type Drafted } from "../../parts/DraftForm";
import { Loaded } from "../../parts/Loaded";
import { newKey } from "../../parts/newKey";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import { draftOf, EMPTY, specOf, type Draft } from "./draft";
import { freezePath } from "./freezePath";
import css from "../../parts/Layout.module.css";

const words = text.freezes.form;

/** `/freezes/new`, `/freezes/fz_1/change` */
export default function FreezeFormPage() {
  const { id } = useParams();
  useTitle(id ? words.changeTitle : words.makeTitle);
  return (
    <>
      <PageHead
        back={{ to: id ? freezePath(id) : "/freezes", label: text.freezes.one.back }}
        title={id ? words.changeTitle : words.makeTitle}
        lead={words.lead}
      />
      {id ? <Change id={id} /> : <Form start={EMPTY} />}
    </>
  );
}

function Change({ id }: { id: string }) {
  const found = useQuery({ ...freezeQuery(useApi(), id), refetchOnWindowFocus: false });
  return <Loaded query={found}>{(freeze) => <Form start={draftOf(freeze)} changed={freeze} />}</Loaded>;
}

function Form({ start, changed }: { start: Draft; changed?: FreezeView }) {
  const { draft, set } = useDraft(start);
  const save = useSave(draft, changed);
  return (
    <DraftForm save={save} verb={changed ? words.change : words.make} blocked={draft.kind === null}>
      <Who draft={draft} set={set} />
      <Time draft={draft} set={set} />
      <What draft={draft} set={set} />
      {changed && <p className="soft small">{words.kept}</p>}
    </DraftForm>
  );
}

function useSave(draft: Draft, changed?: FreezeView) {
  const api = useApi();
  const queries = useQueryClient();
  const go = useNavigate();
  const [key] = useState(newKey); // one per form: pressing twice makes one
  const { title, owner } = draft;
  const spec = specOf(draft, changed) as Record<string, never>;
  return useMutation({
    mutationFn: () =>
      changed
        ? take(
            api.PATCH("/api/v1/freezes/{freeze}", {
              params: { path: { freeze: changed.id } },
              body: { title, owner, spec },
            }),
          )
        : take(
            api.POST("/api/v1/freezes", {
              params: { header: { "idempotency-key": key } },
              body: { title, description: "", owner, spec },
            }),
          ),
    onSuccess: async (freeze) => {
      queries.setQueryData(["freezes", "one", freeze.id], freeze);
      void queries.invalidateQueries({ queryKey: ["freezes"] });
      await go(freezePath(freeze.id));
    },
  });
}

type Part = Drafted<Draft>;

function Who({ draft, set }: Part) {
  return (
    <Section title={text.freezes.page.freeze}>
      <div className={css.form}>
        <TextInput
          label={words.title}
          description={words.titleHint}
          required
          maxLength={200}
          value={draft.title}
          onChange={(event) => set("title", event.currentTarget.value)}
        />
        <Textarea
          label={words.reason}
          description={words.reasonHint}
          required
          value={draft.reason}
          onChange={(event) => set("reason", event.currentTarget.value)}
        />
        <TextInput
          label={words.owner}
          description={words.ownerHint}
          required
          maxLength={200}
          value={draft.owner}
          onChange={(event) => set("owner", event.currentTarget.value)}
        />
      </div>
    </Section>
  );
}

function Time({ draft, set }: Part) {
  return (
    <Section title={words.kind}>
      <div className={css.form}>
        <Radio.Group
          aria-label={words.kind}
          value={draft.kind ?? ""}
          onChange={(next) => set("kind", next as Draft["kind"])}
        >
          <div className={css.form}>
            <Radio value="once" label={words.once} />
            <Radio value="again" label={words.again} />
          </div>
        </Radio.Group>
        <TextInput
          label={words.zone}
          description={words.zoneHint}
          required={draft.kind === "again"}
          value={draft.timezone}
          onChange={(event) => set("timezone", event.currentTarget.value)}
        />
        {draft.kind === "once" && (
          <div className={css.row}>
            <Moment name="from" label={words.from} hint={words.fromHint} draft={draft} set={set} />
            <Moment name="until" label={words.until} hint={words.untilHint} draft={draft} set={set} />
          </div>
        )}
        {draft.kind === "again" && <Calendar draft={draft} set={set} />}
      </div>
    </Section>
  );
}

function Calendar({ draft, set }: Part) {
  return (
    <>
      <div className={css.row}>
        <Moment name="start" label={words.start} required draft={draft} set={set} />
        <TextInput
          label={words.duration}
          description={words.durationHint}
          required
          value={draft.duration}
          onChange={(event) => set("duration", event.currentTarget.value)}
        />
      </div>
      <TextInput
        label={words.rule}
        description={words.ruleHint}
        required
        value={draft.rule}
        onChange={(event) => set("rule", event.currentTarget.value)}
      />
      <Checkbox
        label={words.outside}
        checked={draft.outside}
        onChange={(event) => set("outside", event.currentTarget.checked)}
      />
    </>
  );
}

/** A moment with an offset, which the browser's own field cannot show, stays text. */
function Moment(
  props: Part & { name: "from" | "until" | "start"; label: string; hint?: string; required?: boolean },
) {
  const value = props.draft[props.name];
  const plain = value === "" || /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(value);
  return (
    <TextInput
      label={props.label}
      description={props.hint}
      required={props.required ?? false}
      type={plain ? "datetime-local" : "text"}
      value={value}
      onChange={(event) => props.set(props.name, event.currentTarget.value)}
    />
  );
}

function What({ draft, set }: Part) {
  return (
    <Section title={words.what}>
      <div className={css.form}>
        <p className="soft small">{words.whatHint}</p>
        {(["environments", "actions", "entities"] as const).map((name) => (
          <TagsInput
            key={name}
            label={words[name]}
            description={words.listHint}
            value={draft[name]}
            onChange={(next) => set(name, next)}
          />
        ))}
        <fieldset className={css.fields}>
          <legend>{words.goesOn}</legend>
          {(["rollback", "undo", "breakGlass"] as const).map((name) => (
            <Checkbox
              key={name}
              label={words[name]}
              checked={draft[name]}
              onChange={(event) => set(name, event.currentTarget.checked)}
            />
          ))}
        </fieldset>
      </div>
    </Section>
  );
}
