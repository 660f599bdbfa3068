import { Button, UnstyledButton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { take } from "../api/client";
import { useApi } from "../api/context";
import { signInQuery } from "../api/queries";
import type { SignInChoice } from "../api/types";
import { Empty } from "../parts/Basics";
import { Loaded } from "../parts/Loaded";
import { ProblemNote } from "../parts/Problem";
import { useTitle } from "../parts/title";
import { text } from "../text";
import { becomes } from "./identity";
import css from "./SignIn.module.css";

/**
 * Through the identity provider, or as one of the example people, which the server offers on loopback only. `ended`: the
 * reader was signed in a moment ago, and did not sign out here.
 */
export function SignIn({ ended = false }: { ended?: boolean }) {
  const api = useApi();
  const queries = useQueryClient();
  const choices = useQuery(signInQuery(api));
  const signIn = useMutation({
    mutationFn: (name: string) => take(api.POST("/api/v1/session", { body: { name } })),
    onSuccess: (me) => becomes(queries, api, me),
  });
  useTitle(text.account.signIn);
  return (
    <main className={css.page}>
      <img src="/icon.svg" alt="" width={44} height={44} />
      <h1>{text.account.who}</h1>
      {ended && (
        <p role="status">
          <strong>{text.account.ended}</strong> {text.account.endedDetail}
        </p>
      )}
      <Loaded query={choices}>
        {({ choices: people, provider }) =>
          provider ? (
            <Button component="a" href={there(provider.path)}>
              {text.account.through(provider.title)}
            </Button>
          ) : people.length === 0 ? (
            <Empty title={text.account.nobody}>{text.account.nobodyDetail}</Empty>
          ) : (
            <>
              <p className="soft">{text.account.example}</p>
              <ul className={css.people}>
                {people.map((person) => (
                  <li key={person.name}>
                    <PersonButton
                      person={person}
                      busy={signIn.isPending}
                      onPick={() => signIn.mutate(person.name)}
                    />
                  </li>
                ))}
              </ul>
            </>
          )
        }
      </Loaded>
      {signIn.error && <ProblemNote error={signIn.error} />}
    </main>
  );
}

/** The way to the provider, and from there back to where one is, to the line of a log. */
function there(path: string): string {
  const { pathname, search, hash } = window.location;
  return `${path}?${new URLSearchParams({ back_to: pathname + search + hash }).toString()}`;
}

function PersonButton({ person, busy, onPick }: { person: SignInChoice; busy: boolean; onPick: () => void }) {
  return (
    <UnstyledButton className={css.person} onClick={onPick} disabled={busy}>
      <span className={css.initial} aria-hidden>
        {person.title.charAt(0)}
      </span>
      <span className={css.words}>
        <strong>{person.title}</strong>
        <span className="soft small">{person.about}</span>
      </span>
      <ChevronRight size={18} aria-hidden className={css.go} />
    </UnstyledButton>
  );
}
