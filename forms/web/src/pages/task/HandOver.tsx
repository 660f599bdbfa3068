import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import type { TaskView } from "../../api/types";
import { Confirm } from "../../parts/Confirm";
import { ProblemNote } from "../../parts/Problem";
import { text } from "../../text";
import { useTaskChange } from "./useTaskChange";

const words = text.tasks;
const PERSON = /^person:[a-z0-9][a-z0-9._-]*$/;

/** To somebody who may do it, or back to all of them. */
export function HandOver({ task }: { task: TaskView }) {
  const [open, setOpen] = useState(false);
  const [to, setTo] = useState("");
  const change = useTaskChange(task.id);
  const ref = to.includes(":") || to.trim() === "" ? to.trim() : `person:${to.trim()}`;
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        {words.handOver}
      </Button>
      {open && (
        <Confirm
          title={words.handOver}
          verb={words.handOver}
          busy={change.isPending}
          blocked={ref !== "" && !PERSON.test(ref)}
          onConfirm={() =>
            change.mutate({ what: "hand-over", to: ref || null }, { onSuccess: () => setOpen(false) })
          }
          onClose={() => setOpen(false)}
        >
          <TextInput
            label={words.handTo}
            description={words.handToHint}
            maxLength={200}
            value={to}
            onChange={(event) => setTo(event.currentTarget.value)}
          />
          {change.error && <ProblemNote error={change.error} />}
        </Confirm>
      )}
    </>
  );
}
