import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { LiveBanner } from "../../app/live";
import { useApi } from "../../api/context";
import { runQuery } from "../../api/queries";
import type { RunView } from "../../api/types";
import { EntityLink, PageHead } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { isMoving, runLook } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { EmergencyCard } from "./EmergencyCard";
import { Exceptions } from "./Exceptions";
import { FailureCard } from "./FailureCard";
import { Gates } from "./Gates";
import { Outputs } from "./Outputs";
import { ResolveForms } from "./ResolveForm";
import { RunButtons } from "./RunButtons";
import { RunFacts } from "./RunFacts";
import css from "./RunPage.module.css";
import { RunTabs } from "./RunTabs";
import { UndoChoices } from "./UndoChoices";
import { Steps } from "./Steps";
import { Tasks } from "./Tasks";
import { UnheardCard } from "./UnheardCard";
import { useRunEvents } from "./useRunEvents";
import { useTab } from "./useTab";
import { WaitsCard } from "./WaitsCard";

/** `/runs/r_…?tab=log#L120` */
export default function RunPage() {
  const { id = "" } = useParams();
  return <Watched key={id} id={id} />;
}

function Watched({ id }: { id: string }) {
  const run = useQuery({ ...runQuery(useApi(), id), staleTime: 30_000 });
  const { log, read, mode } = useRunEvents(id, run.data);
  const tab = useTab();
  useTitle(run.data && `${runLook(run.data.state).word}: ${run.data.action_title}`);
  return (
    <Loaded query={run} lines={8} page>
      {(seen) => (
        <>
          <Head run={seen} />
          <LiveBanner mode={mode === "polling" && isMoving(seen.state) ? "polling" : "live"} />
          <div className={css.notices}>
            <EmergencyCard run={seen} />
            <WaitsCard run={seen} />
            <Exceptions run={seen} />
            <UnheardCard run={seen} />
            <Tasks run={seen} />
            <Gates run={seen} />
            <ResolveForms run={seen} />
            <UndoChoices run={seen} />
            <FailureCard run={seen} onShow={tab.toLine} />
          </div>
          <div className={css.columns}>
            <div className={css.side}>
              <RunFacts run={seen} />
              <Steps run={seen} />
              <Outputs steps={seen.steps} />
            </div>
            <RunTabs run={seen} log={log} read={read} tab={tab} />
          </div>
        </>
      )}
    </Loaded>
  );
}

function Head({ run }: { run: RunView }) {
  const look = runLook(run.state);
  const said = run.text === run.waits?.text ? "" : visible(run.text); // that card says it
  return (
    <PageHead
      back={{ to: "/runs", label: text.runs.back }}
      title={
        <>
          {visible(run.action_title)}{" "}
          {run.entity && (
            <span className={css.entity}>
              <EntityLink entity={run.entity} />
            </span>
          )}
        </>
      }
      lead={
        <span className={css.state} role="status">
          <StateBadge look={look} /> {said.toLowerCase() !== look.word.toLowerCase() && <span>{said}</span>}
        </span>
      }
      aside={<RunButtons run={run} />}
    />
  );
}
