import { Button, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Snowflake } from "lucide-react";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { ExceptionView, HeldView, RunView } from "../../api/types";
import { Callout, Section } from "../../parts/Basics";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";
import css from "./ResolveForm.module.css";

const words = text.freezes;

/** Freezes that hold the run back, each with the way to an exception; and what was asked for and decided. */
export function Exceptions({ run }: { run: RunView }) {
  return (
    <>
      {run.holds?.map((held) => (
        <Held key={held.freeze} run={run} held={held} />
      ))}
      {!!run.exceptions?.length && (
        <Section title={words.exceptions}>
          {run.exceptions.map((one) => (
            <Exception key={one.id} run={run} exception={one} />
          ))}
        </Section>
      )}
    </>
  );
}

function Held({ run, held }: { run: RunView; held: HeldView }) {
  const live = run.exceptions?.some(
    (one) => one.freeze === held.freeze && !one.void && (one.state === "asked" || one.state === "granted"),
  );
  return (
    <Callout
      tone="waiting"
      icon={<Snowflake size={18} aria-hidden />}
      title={words.held(visible(held.title), visible(held.owner))}
    >
      <p>{visible(held.reason)}</p>
      {held.note && <p>{visible(held.note)}</p>}
      {!live && <Ask run={run} held={held} />}
    </Callout>
  );
}

function Ask({ run, held }: { run: RunView; held: HeldView }) {
  const [reason, setReason] = useState("");
  const [key] = useState(newKey);
  const api = useApi();
  const again = useRunAgain(run);
  const ask = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/runs/{run}/exceptions", {
          params: { path: { run: run.id }, header: { "idempotency-key": key } },
          body: { freeze: held.freeze, reason },
        }),
      ),
    onSuccess: again,
  });
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (reason.trim()) ask.mutate();
      }}
    >
      <Textarea
        label={words.askReason}
        description={words.askLead(visible(held.owner))}
        required
        maxLength={4000}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Button type="submit" variant="default" loading={ask.isPending}>
        {words.ask}
      </Button>
      {ask.error && <ProblemNote error={ask.error} />}
    </form>
  );
}

function Exception({ run, exception }: { run: RunView; exception: ExceptionView }) {
  return (
    <div>
      <p>
        <strong>{visible(exception.title)}</strong>: {visible(exception.text)}
      </p>
      <p className="soft">
        {words.asked(visible(exception.asked_by.name))} <When at={exception.asked_at} />:{" "}
        {visible(exception.reason)}
        {exception.comment && <> · {visible(exception.comment)}</>}
      </p>
      {exception.may_decide.allowed && <DecideException run={run} exception={exception} />}
      {!exception.may_decide.allowed && exception.may_revoke.allowed && (
        <Revoke run={run} exception={exception} />
      )}
    </div>
  );
}

function DecideException({ run, exception }: { run: RunView; exception: ExceptionView }) {
  const [until, setUntil] = useState("");
  const [comment, setComment] = useState("");
  const api = useApi();
  const again = useRunAgain(run);
  const decide = useMutation({
    mutationFn: (verdict: "grant" | "refuse") =>
      take(
        api.POST("/api/v1/exceptions/{exception}/decision", {
          params: { path: { exception: exception.id } },
          body: { verdict, comment, until: verdict === "grant" ? new Date(until).toISOString() : null },
        }),
      ),
    onSuccess: again,
  });
  return (
    <div className={css.form}>
      <TextInput
        type="datetime-local"
        label={words.grantUntil}
        value={until}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
      <Textarea
        label={words.comment}
        description={words.commentWhy}
        maxLength={4000}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <div className={css.radios}>
        <ReasonedButton
          may={{ allowed: until !== "", why_not: words.untilNeeded }}
          loading={decide.isPending}
          onClick={() => decide.mutate("grant")}
        >
          {words.grant}
        </ReasonedButton>
        <ReasonedButton
          may={{ allowed: comment.trim() !== "", why_not: words.commentWhy }}
          variant="default"
          loading={decide.isPending}
          onClick={() => decide.mutate("refuse")}
        >
          {words.refuse}
        </ReasonedButton>
      </div>
      {decide.error && <ProblemNote error={decide.error} />}
    </div>
  );
}

function Revoke({ run, exception }: { run: RunView; exception: ExceptionView }) {
  const api = useApi();
  const again = useRunAgain(run);
  const revoke = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/exceptions/{exception}/revoke", {
          params: { path: { exception: exception.id } },
          body: {},
        }),
      ),
    onSuccess: again,
  });
  return (
    <>
      <ReasonedButton may={exception.may_revoke} variant="default" size="xs" onClick={() => revoke.mutate()}>
        {words.revoke}
      </ReasonedButton>
      {revoke.error && <ProblemNote error={revoke.error} />}
    </>
  );
}

function useRunAgain(run: RunView): () => void {
  const queries = useQueryClient();
  return () => void queries.invalidateQueries({ queryKey: ["run", run.id] });
}
