import { Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import type { RunView } from "../../api/types";
import { LogView } from "../../log/LogView";
import type { LogWindow } from "../../log/logWindow";
import type { ReadPart } from "../../log/useLog";
import { useLogAddress } from "../../log/useLogAddress";
import { ChangeList } from "../../parts/Compare";
import { Digest, Raw, Readable } from "../../parts/Json";
import { Facts, TabCount } from "../../parts/Basics";
import { SealedPlan } from "../../parts/SealedPlan";
import { visible } from "../../parts/textOf";
import { isMoving } from "../../states/states";
import { text } from "../../text";
import { ApprovalList } from "./ApprovalList";
import { downloadUrl, partsOf } from "./parts";
import css from "./RunTabs.module.css";
import { Timeline } from "./Timeline";
import { TABS, type Tab, type TabState } from "./useTab";

interface Props {
  run: RunView;
  log: LogWindow;
  read: ReadPart;
  tab: TabState;
}

/** The log, and what was asked, decided and changed. */
export function RunTabs({ run, log, read, tab }: Props) {
  const panels: Record<Tab, () => ReactNode> = {
    log: () => <Log run={run} log={log} read={read} tab={tab} />,
    timeline: () => <Timeline run={run} />,
    plan: () => <PlanAndAnswers run={run} />,
    approvals: () => <ApprovalList approvals={run.approvals} />,
    catalog: () => <Changes run={run} />,
  };
  const counts: Partial<Record<Tab, number>> = {
    approvals: run.approvals.length,
    catalog: run.changes.length,
  };
  return (
    <div className={css.box}>
      <Tabs value={tab.tab} onChange={(next) => tab.go(next as Tab)} keepMounted={false}>
        <Tabs.List className={css.list}>
          {TABS.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {text.runs.tabs[name]}
              <TabCount count={counts[name] ?? 0} />
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab.tab} className={tab.tab === "log" ? undefined : css.panel}>
          {panels[tab.tab]()}
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

function Log({ run, log, read, tab }: Props) {
  const address = useLogAddress();
  return (
    <LogView
      {...{ log, read, address }}
      parts={partsOf(run)}
      firstError={run.first_error?.number ?? null}
      target={tab.line}
      live={isMoving(run.state) || run.log_pending}
      downloadUrl={downloadUrl(run.id, address.part)}
      onTarget={tab.toLine}
    />
  );
}

/** Secret answers: that there are some, and whether the pipeline has them. */
function Secrets({ run }: { run: RunView }) {
  const words = text.runs.plan;
  const given = run.steps.flatMap((step) => step.secrets.map((name) => [name, step] as const));
  if (given.length === 0) return null;
  return (
    <Facts
      facts={given.map(([name, step]) => [
        visible(name),
        step.secrets_at ? words.secretCollected : run.ended_at ? words.secretUnused : words.secretWaits,
      ])}
    />
  );
}

function PlanAndAnswers({ run }: { run: RunView }) {
  const words = text.runs.plan;
  return (
    <div className={css.stack}>
      <section>
        <h3>{words.inputs}</h3>
        {Object.keys(run.inputs).length > 0 ? (
          <Readable value={run.inputs} />
        ) : (
          <p className="soft">{words.noInputs}</p>
        )}
        <Secrets run={run} />
      </section>
      <section>
        <h3>{words.document}</h3>
        <Facts
          facts={[
            [words.digest, <Digest key="digest" value={run.digest} />],
            [words.version, <Digest key="version" value={run.version} />],
          ]}
        />
      </section>
      <SealedPlan plan={run.plan} />
      <details>
        <summary>{words.raw}</summary>
        <Raw value={run.plan} label={words.raw} />
      </details>
    </div>
  );
}

function Changes({ run }: { run: RunView }) {
  if (run.changes.length > 0) return <ChangeList changes={run.changes} />;
  return <p className="soft">{isMoving(run.state) ? text.runs.catalog.notYet : text.runs.catalog.none}</p>;
}
