import { Button, Checkbox, NumberInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { TokenCreated } from "../../api/types";
import { useMe } from "../../app/me";
import { Section } from "../../parts/Basics";
import { ProblemNote } from "../../parts/Problem";
import { text } from "../../text";
import css from "./TokensPage.module.css";

const words = text.tokens;

export function NewToken({ onCreated }: { onCreated: (token: TokenCreated) => void }) {
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
