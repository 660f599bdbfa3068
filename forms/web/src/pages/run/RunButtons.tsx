import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import type { RunView } from "../../api/types";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { isMoving } from "../../states/states";
import { text } from "../../text";
import { ResumeDialog } from "./ResumeDialog";
import { RunDialog, type Doing } from "./RunDialog";

const words = text.runs.buttons;

/** What can be done to the run. What cannot says why; what makes no sense any more is not there. */
export function RunButtons({ run }: { run: RunView }) {
  const [doing, setDoing] = useState<Doing | null>(null);
  const [resuming, setResuming] = useState(false);
  const moving = isMoving(run.state);
  return (
    <>
      {moving && run.may.withdraw.allowed && (
        <ReasonedButton variant="default" may={run.may.withdraw} onClick={() => setDoing("withdraw")}>
          {words.withdraw}
        </ReasonedButton>
      )}
      {moving && !run.may.withdraw.allowed && (
        <ReasonedButton variant="outline" color="red" may={run.may.cancel} onClick={() => setDoing("cancel")}>
          {words.cancel}
        </ReasonedButton>
      )}
      {!moving && (
        <>
          {run.may.resume.allowed && (
            <Button variant="default" onClick={() => setResuming(true)}>
              {words.resume}
            </Button>
          )}
          <ReasonedButton variant="default" may={run.may.rerun} onClick={() => setDoing("rerun")}>
            {words.rerun}
          </ReasonedButton>
          {run.may.rerun.allowed && (
            <Button variant="default" component={Link} to={editPath(run)}>
              {words.edit}
            </Button>
          )}
          <ReasonedButton variant="default" may={run.may.undo} onClick={() => setDoing("undo")}>
            {words.undo}
          </ReasonedButton>
        </>
      )}
      {resuming && <ResumeDialog run={run} onClose={() => setResuming(false)} />}
      {doing && <RunDialog run={run} doing={doing} onClose={() => setDoing(null)} />}
    </>
  );
}

/** The form of the action, with the answers of this run in it. */
function editPath(run: RunView): string {
  const begin = { ...(run.entity ? { entity: run.entity } : {}), from: run.id };
  return `/actions/${encodeURIComponent(run.action)}?${new URLSearchParams(begin)}`;
}
