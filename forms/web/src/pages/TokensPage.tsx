import { Button, Checkbox, NumberInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { done, take } from "../api/client";
import { useApi } from "../api/context";
import { tokensQuery } from "../api/queries";
import type { TokenCreated, TokenView } from "../api/types";
import { useMe } from "../app/me";
import { Callout, Empty, PageHead, Section } from "../parts/Basics";
import { CopyText } from "../parts/CopyText";
import { Loaded } from "../parts/Loaded";
import { ProblemNote } from "../parts/Problem";
import { visible } from "../parts/textOf";
import { When } from "../parts/Times";
import { useTitle } from "../parts/title";
import { text } from "../text";
import css from "./TokensPage.module.css";

const words = text.tokens;

/** `/tokens`: one's own, for the command line and for programs. */
export default function TokensPage() {
  const tokens = useQuery(tokensQuery(useApi()));
  const [created, setCreated] = useState<TokenCreated | null>(null);
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className={css.stack}>
        {created && (
          <Callout tone="good" title={words.secret} live>
            <CopyText value={created.secret} />
          </Callout>
        )}
        <NewToken onCreated={setCreated} />
        <Section title={words.yours} flush>
          <Loaded query={tokens}>
            {({ items }) =>
              items.length === 0 ? (
                <Empty title={words.none} />
              ) : (
                <ul>
                  {items.map((token) => (
                    <Token key={token.id} token={token} />
                  ))}
                </ul>
              )
            }
          </Loaded>
        </Section>
      </div>
    </>
  );
}

function NewToken({ onCreated }: { onCreated: (token: TokenCreated) => void }) {
  const me = useMe();
  const api = useApi();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [days, setDays] = useState(30);
  const [scopes, setScopes] = useState<string[]>(["read"]);
  const create = useMutation({
    mutationFn: () => take(api.POST("/api/v1/tokens", { body: { name: name.trim(), scopes, days } })),
    onSuccess: (token) => {
      onCreated(token);
      setName("");
      void queries.invalidateQueries({ queryKey: ["tokens"] });
    },
  });
  return (
    <Section title={words.create}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <TextInput
          label={words.name}
          required
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox.Group label={words.scopes} value={scopes} onChange={setScopes}>
          <div className={css.scopes}>
            {me.scopes.map((scope) => (
              <Checkbox key={scope} value={scope} label={scope} />
            ))}
          </div>
        </Checkbox.Group>
        <NumberInput
          label={words.days}
          min={1}
          max={365}
          value={days}
          onChange={(value) => setDays(Number(value) || 1)}
        />
        <Button type="submit" loading={create.isPending} disabled={!name.trim() || scopes.length === 0}>
          {words.create}
        </Button>
        {create.error && <ProblemNote error={create.error} />}
      </form>
    </Section>
  );
}

function Token({ token }: { token: TokenView }) {
  const api = useApi();
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => done(api.DELETE("/api/v1/tokens/{token}", { params: { path: { token: token.id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["tokens"] }),
  });
  return (
    <li className={css.token}>
      <div className={css.tokenText}>
        <strong>{visible(token.name)}</strong> <span className="soft">{token.scopes.join(", ")}</span>
        <p className="soft small">
          {token.revoked_at ? (
            <>
              {words.revoked} <When at={token.revoked_at} />
            </>
          ) : (
            <>
              {words.expires} <When at={token.expires_at} /> · {words.used} <When at={token.last_used_at} />
            </>
          )}
        </p>
        {revoke.error && <ProblemNote error={revoke.error} />}
      </div>
      {!token.revoked_at && (
        <Button
          size="compact-sm"
          variant="outline"
          color="red"
          loading={revoke.isPending}
          onClick={() => revoke.mutate()}
        >
          {words.revoke}
        </Button>
      )}
    </li>
  );
}
