import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { ActionView, FormView, JsonObject } from "../../api/types";
import { Loading } from "../../parts/Loading";
import { ProblemNote } from "../../parts/Problem";
import { text } from "../../text";
import { AnswersTable } from "./AnswersTable";
import { Emergency } from "./Emergency";
import { PlanBody } from "./PlanBody";
import css from "./Review.module.css";
import { StartButton } from "./StartButton";

interface Props {
  action: ActionView;
  view: FormView;
  entity: string | null;
  inputs: JsonObject;
  onBack: () => void;
  onStarted: () => void;
}

/** What will happen, worked out by the server, and the button that makes it happen. */
export function Review({ action, view, entity, inputs, onBack, onStarted }: Props) {
  const api = useApi();
  const asked = { entity, inputs, version: view.version };
  const plan = useQuery({
    queryKey: ["plan", action.name, asked],
    queryFn: ({ signal }) =>
      take(
        api.POST("/api/v1/actions/{name}/plan", {
          params: { path: { name: action.name } },
          body: asked,
          signal,
        }),
      ),
    gcTime: 0,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
  const back = (
    <Button variant="default" leftSection={<ArrowLeft size={16} aria-hidden />} onClick={onBack}>
      {text.actions.form.back}
    </Button>
  );
  if (plan.error) {
    return (
      <div className={css.review}>
        <ProblemNote error={plan.error} retry={() => void plan.refetch()} />
        <div>{back}</div>
      </div>
    );
  }
  if (!plan.data) return <Loading lines={8} />;
  return (
    <div className={css.review}>
      <PlanBody plan={plan.data} answers={<AnswersTable view={view} inputs={inputs} />} />
      <StartButton key={plan.data.digest} action={action} asked={asked} back={back} onStarted={onStarted} />
      <Emergency key={`emergency ${plan.data.digest}`} action={action} asked={asked} onStarted={onStarted} />
    </div>
  );
}
