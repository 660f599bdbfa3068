import { Button } from "@mantine/core";
import { useState, type ReactNode } from "react";
import css from "./Layout.module.css";
import { ProblemNote } from "./Problem";

/** What a form holds while it is filled in, and how a part of the form changes it. */
export interface Drafted<Draft> {
  draft: Draft;
  set: <Name extends keyof Draft>(name: Name, value: Draft[Name]) => void;
}

export function useDraft<Draft>(start: Draft): Drafted<Draft> {
  const [draft, setDraft] = useState(start);
  return { draft, set: (name, value) => setDraft((before) => ({ ...before, [name]: value })) };
}

/** The parts of a form one below the other, what went wrong, and the button that saves it. */
export function DraftForm(props: {
  save: { mutate: () => void; isPending: boolean; error: unknown };
  verb: string;
  blocked: boolean;
  children: ReactNode;
}) {
  const { save } = props;
  return (
    <form
      className={`${css.stack} ${css.narrow}`}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {props.children}
      {save.error !== null && <ProblemNote error={save.error} />}
      <div>
        <Button type="submit" loading={save.isPending} disabled={props.blocked}>
          {props.verb}
        </Button>
      </div>
    </form>
  );
}
