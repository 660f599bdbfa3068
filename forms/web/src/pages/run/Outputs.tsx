import type { StepView } from "../../api/types";
import { Section } from "../../parts/Basics";
import { Readable } from "../../parts/Json";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./Steps.module.css";

const words = text.runs.outputs;

/** What came of the steps, and who says so. Written by others: shown as data, never as markup. */
export function Outputs({ steps }: { steps: readonly StepView[] }) {
  const told = steps.filter((step) => step.outputs);
  if (told.length === 0) return null;
  return (
    <Section title={words.title}>
      {told.map((step) => (
        <div key={step.path}>
          {told.length > 1 && <strong>{visible(step.path)}</strong>}
          <Readable value={step.outputs} keys="exact" links />
          <p className={css.note}>{words.from[step.outputs_source ?? "artifact"]}</p>
        </div>
      ))}
    </Section>
  );
}
