import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { useApi } from "../../api/context";
import { taskQuery } from "../../api/queries";
import { EntityLink, PageHead, RunLink } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { taskLook } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { TaskBody } from "./TaskBody";

/** `/tasks/tk_…` */
export default function TaskPage() {
  const { id = "" } = useParams();
  const task = useQuery(taskQuery(useApi(), id));
  useTitle(task.data && `${text.tasks.one}: ${task.data.action_title}`);
  return (
    <Loaded query={task} lines={6} page>
      {(seen) => (
        <>
          <PageHead
            back={{ to: "/approvals?list=tasks", label: text.tasks.tab }}
            title={
              <>
                {visible(seen.action_title)} {seen.entity && <EntityLink entity={seen.entity} />}
              </>
            }
            lead={
              <span role="status">
                <StateBadge look={taskLook(seen.state)} /> {visible(seen.text)}
              </span>
            }
            aside={<RunLink id={seen.run}>{text.tasks.run}</RunLink>}
          />
          <TaskBody task={seen} />
        </>
      )}
    </Loaded>
  );
}
