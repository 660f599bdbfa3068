import { useQuery } from "@tanstack/react-query";
import { useApi } from "../../api/context";
import { taskQuery } from "../../api/queries";
import type { RunView } from "../../api/types";
import { Loaded } from "../../parts/Loaded";
import { TaskBody } from "../task/TaskBody";

/** What the run waits for people to do: shown in full, so that whoever may does it here. */
export function Tasks({ run }: { run: RunView }) {
  const asked = run.steps.flatMap((step) => (step.task && step.state === "running" ? [step.task] : []));
  return asked.map((id) => <Asked key={id} id={id} />);
}

function Asked({ id }: { id: string }) {
  const task = useQuery(taskQuery(useApi(), id));
  return <Loaded query={task}>{(seen) => <TaskBody task={seen} />}</Loaded>;
}
