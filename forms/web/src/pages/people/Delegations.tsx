import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleSlash, Clock } from "lucide-react";
import { useState } from "react";
import { done, take } from "../../api/client";
import { useApi } from "../../api/context";
import { delegationsQuery } from "../../api/queries";
import type { DelegationView } from "../../api/types";
import { useMe } from "../../app/me";
import { Empty, EntityLink, PersonName, Section } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { Loaded } from "../../parts/Loaded";
import { newKey } from "../../parts/newKey";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { useNow } from "../../parts/useNow";
import type { Look } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import css from "./PeoplePage.module.css";

const words = text.people.delegations;

/** Who decides for whom: of one's own, and of others to oneself. */
export function Delegations() {
  const found = useQuery(delegationsQuery(useApi()));
  const me = useMe();
  const now = useNow(60_000);
  const columns: readonly Column<DelegationView>[] = [
    { head: words.who, main: true, cell: (one) => <EntityLink entity={one.to} /> },
    { head: words.instead, cell: (one) => <PersonName person={one.by} /> },
    { head: words.what, cell: (one) => (one.approval ? words.one : words.everything) },
    { head: words.begins, cell: (one) => <When at={one.begins_at} /> },
    { head: words.ends, cell: (one) => <When at={one.revoked_at ?? one.ends_at} /> },
    { head: words.reason, cell: (one) => visible(one.reason) },
    { head: words.state, tight: true, cell: (one) => <StateBadge look={lookOf(one, now)} /> },
    { head: "", tight: true, cell: (one) => one.by.id === me.id && !isOver(one, now) && <End one={one} /> },
  ];
  return (
    <Section title={words.title} flush>
      <Loaded query={found}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={words.none}>{words.lead}</Empty>
          ) : (
            <DataTable caption={words.title} inside columns={columns} rows={items} rowKey={(one) => one.id} />
          )
        }
      </Loaded>
      {me.permissions.includes("decide") && <Make />}
    </Section>
  );
}

const isOver = (one: DelegationView, now: number): boolean =>
  one.revoked_at !== null || Date.parse(one.ends_at) <= now;

function lookOf(one: DelegationView, now: number): Look {
  if (one.in_force) return { tone: "active", icon: CircleCheck, word: words.inForce };
  if (isOver(one, now)) return { tone: "stopped", icon: CircleSlash, word: words.over };
  return { tone: "waiting", icon: Clock, word: words.later };
}

function End({ one }: { one: DelegationView }) {
  const api = useApi();
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () =>
      done(api.DELETE("/api/v1/delegations/{delegation}", { params: { path: { delegation: one.id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["delegations"] }),
  });
  return (
    <>
      <Button
        size="compact-sm"
        variant="outline"
        color="red"
        loading={end.isPending}
        onClick={() => end.mutate()}
      >
        {words.end}
      </Button>
      {end.error && <ProblemNote error={end.error} />}
    </>
  );
}

const EMPTY = { to: "", begins: "", until: "", reason: "" };
const moment = (local: string) => new Date(local).toISOString();

function Make() {
  const api = useApi();
  const queries = useQueryClient();
  const [asked, setAsked] = useState(EMPTY);
  const [key, setKey] = useState(newKey);
  const make = useMutation({
    mutationFn: () =>
      take(
        api.POST("/api/v1/delegations", {
          params: { header: { "idempotency-key": key } },
          body: {
            to: asked.to.trim(),
            begins: asked.begins ? moment(asked.begins) : null,
            until: moment(asked.until),
            reason: asked.reason.trim(),
          },
        }),
      ),
    onSuccess: () => {
      setAsked(EMPTY);
      setKey(newKey());
      void queries.invalidateQueries({ queryKey: ["delegations"] });
    },
  });
  const set = (name: keyof typeof EMPTY) => (event: { currentTarget: HTMLInputElement }) => {
    const { value } = event.currentTarget;
    setAsked((before) => ({ ...before, [name]: value }));
  };
  return (
    <details className={css.make}>
      <summary>{words.make}</summary>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <p className="soft small">{words.lead}</p>
        <div className={css.row}>
          <TextInput
            label={words.to}
            description={words.toHint}
            required
            value={asked.to}
            onChange={set("to")}
          />
          <TextInput
            label={words.begins}
            description={words.beginsHint}
            type="datetime-local"
            value={asked.begins}
            onChange={set("begins")}
          />
          <TextInput
            label={words.ends}
            type="datetime-local"
            required
            value={asked.until}
            onChange={set("until")}
          />
          <TextInput label={words.reason} maxLength={4000} value={asked.reason} onChange={set("reason")} />
        </div>
        {make.error && <ProblemNote error={make.error} />}
        <div>
          <Button type="submit" loading={make.isPending} disabled={!asked.to.trim() || !asked.until}>
            {words.verb}
          </Button>
        </div>
      </form>
    </details>
  );
}
