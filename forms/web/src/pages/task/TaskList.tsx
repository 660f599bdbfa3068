import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { tasksQuery } from "../../api/queries";
import type { TaskSummary } from "../../api/types";
import { Empty, EntityLink, PersonName } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { taskLook } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import css from "../approval/ApprovalCards.module.css";

const words = text.tasks;

/** What the reader may do, and nobody else has taken: what is due first stands first. */
export function TaskList() {
  const tasks = useInfiniteQuery(tasksQuery(useApi(), { mine: true }));
  return (
    <>
      <Loaded query={tasks}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          return items.length === 0 ? (
            <Empty title={words.none}>{words.noneLead}</Empty>
          ) : (
            <ul className={css.cards}>
              {items.map((one) => (
                <Card key={one.id} task={one} />
              ))}
            </ul>
          );
        }}
      </Loaded>
      <MoreButton query={tasks} />
    </>
  );
}

function Card({ task }: { task: TaskSummary }) {
  return (
    <li className={css.card}>
      <div className={css.head}>
        <h2>
          <Link to={`/tasks/${encodeURIComponent(task.id)}`}>{visible(task.action_title)}</Link>{" "}
          {task.entity && (
            <span className={css.entity}>
              <EntityLink entity={task.entity} />
            </span>
          )}
        </h2>
        <StateBadge look={taskLook(task.state)} />
      </div>
      <p>{visible(task.text)}</p>
      <div className={css.foot}>
        <span>
          {words.step} {visible(task.step)}
        </span>
        <span>
          {words.requester} <PersonName person={task.requester} />
        </span>
        <span>
          {task.overdue ? words.overdue : words.due} <When at={task.due_at} />
        </span>
      </div>
    </li>
  );
}
