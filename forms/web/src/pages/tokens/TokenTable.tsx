import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleSlash, Clock } from "lucide-react";
import { useState } from "react";
import { done } from "../../api/client";
import { useApi } from "../../api/context";
import type { TokenView } from "../../api/types";
import { PersonName } from "../../parts/Basics";
import { Confirm } from "../../parts/Confirm";
import { DataTable, type Column } from "../../parts/DataTable";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import type { Look } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";

const words = text.tokens;
const GOOD: Look = { tone: "good", icon: CircleCheck, word: words.good };
const EXPIRED: Look = { tone: "stopped", icon: Clock, word: words.expired };
const REVOKED: Look = { tone: "stopped", icon: CircleSlash, word: words.revoked };

const lookOf = (one: TokenView): Look =>
  one.revoked_at ? REVOKED : Date.parse(one.expires_at) <= Date.now() ? EXPIRED : GOOD;

const OWNER: Column<TokenView> = { head: words.owner, cell: (one) => <PersonName person={one.owner} /> };
const COLUMNS: readonly Column<TokenView>[] = [
  { head: words.name, main: true, cell: (one) => <strong>{visible(one.name)}</strong> },
  { head: words.state, tight: true, cell: (one) => <StateBadge look={lookOf(one)} /> },
  { head: words.may, cell: (one) => one.scopes.join(", ") },
  { head: words.created, cell: (one) => <When at={one.created_at} /> },
  { head: words.used, cell: (one) => (one.last_used_at ? <When at={one.last_used_at} /> : words.never) },
  { head: words.ends, cell: (one) => <When at={one.revoked_at ?? one.expires_at} /> },
  { head: "", tight: true, cell: (one) => lookOf(one) === GOOD && <Revoke token={one} /> },
];

/** Tokens, never their secrets. `owners`: they are of several people. */
export function TokenTable(props: { caption: string; tokens: readonly TokenView[]; owners?: boolean }) {
  const [name, ...rest] = COLUMNS;
  return (
    <DataTable
      caption={props.caption}
      inside
      columns={props.owners && name ? [name, OWNER, ...rest] : COLUMNS}
      rows={props.tokens}
      rowKey={(one) => one.id}
    />
  );
}

function Revoke({ token }: { token: TokenView }) {
  const api = useApi();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const revoke = useMutation({
    mutationFn: () => done(api.DELETE("/api/v1/tokens/{token}", { params: { path: { token: token.id } } })),
    onSuccess: () => {
      setOpen(false);
      void queries.invalidateQueries({ queryKey: ["tokens"] });
    },
  });
  return (
    <>
      <Button size="compact-sm" variant="outline" color="red" onClick={() => setOpen(true)}>
        {words.revoke}
      </Button>
      {open && (
        <Confirm
          title={words.revokeTitle(token.name)}
          verb={words.revoke}
          danger
          busy={revoke.isPending}
          onConfirm={() => revoke.mutate()}
          onClose={() => setOpen(false)}
        >
          <p>{words.revokeText}</p>
          {revoke.error && <ProblemNote error={revoke.error} />}
        </Confirm>
      )}
    </>
  );
}
