import type { TaskView } from "../../api/types";
import { Facts, OutLink, PersonName, Section } from "../../parts/Basics";
import { inWords, safeLink, visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";
import { Act } from "./Act";
import css from "./TaskBody.module.css";

const words = text.tasks;

/** What is to be done, as the text that it is; what was left; and, for whoever may, what they can do about it. */
export function TaskBody({ task }: { task: TaskView }) {
  const { settled_by: by, does_for: lender } = task;
  return (
    <>
      <Section title={task.kind === "input" ? words.asked : words.what}>
        {task.instructions && <pre className={css.instructions}>{visible(task.instructions)}</pre>}
        <Facts
          facts={[
            [words.step, visible(task.step)],
            [words.who, visible(task.who)],
            task.four_eyes && [words.fourEyes, words.fourEyesWhat],
            task.claimed_by !== null && [words.taken, visible(task.claimed_by)],
            task.state === "open" && [words.due, <When key="due" at={task.due_at} />],
            task.escalated_at !== null && [words.escalated, <When key="since" at={task.escalated_at} />],
            by !== null && [words.by, <PersonName key="by" person={by} />],
            task.words !== null && [words.said, visible(task.words)],
          ]}
        />
        {lender && <p>{words.doesFor(visible(lender.name))}</p>}
      </Section>
      {task.left.length > 0 && (
        <Section title={words.left}>
          <Facts
            facts={task.left.map((one) => [
              visible(one.title),
              safeLink(String(one.value)) ? (
                <OutLink key={one.name} url={String(one.value)}>
                  {visible(String(one.value))}
                </OutLink>
              ) : (
                inWords(one.value)
              ),
            ])}
          />
        </Section>
      )}
      {task.state === "open" && <Act key={task.id} task={task} />}
    </>
  );
}
