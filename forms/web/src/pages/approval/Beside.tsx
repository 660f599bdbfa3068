import type { ApprovalView, Difference, PlannedUndo } from "../../api/types";
import { Callout, EntityLink, Facts, RunLink, Section } from "../../parts/Basics";
import { ChangeList, Differences } from "../../parts/Compare";
import { Readable } from "../../parts/Json";
import { PlannedLocks } from "../../parts/PlannedLocks";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./Beside.module.css";
import { PipelineFiles } from "./PipelineFiles";

const words = text.approvals.beside;

/** How it stands now beside what was sealed: the target, the last run, the pipeline files, what the
    catalog becomes, the lock, the undo. */
export function Beside({ approval }: { approval: ApprovalView }) {
  return (
    <>
      {approval.target && <Target approval={approval} />}
      <Section title={words.requests} aside={approval.previous_run && <RunLink id={approval.previous_run} />}>
        <div className={css.stack}>
          {approval.request_differences.length > 0 ? (
            <Differences rows={approval.request_differences.map(shortened)} caption={words.requests} />
          ) : (
            <p className="soft">{approval.previous_run ? words.sameRequests : text.approvals.noPrevious}</p>
          )}
          <PipelineFiles key={approval.id} id={approval.id} />
        </div>
      </Section>
      <Catalog approval={approval} />
      {approval.state === "pending" && (
        <Section title={words.now}>
          <div className={css.stack}>
            <div>
              {text.actions.review.lock} <PlannedLocks lock={approval.lock} />
            </div>
            {approval.undo && <Undo undo={approval.undo} />}
          </div>
        </Section>
      )}
    </>
  );
}

function Target({ approval }: { approval: ApprovalView }) {
  const { target, read } = approval;
  if (!target) return null;
  const changed = read.filter((one) => !same(one));
  const owner = target.owner !== target.owner_sealed;
  const rows: Difference[] = owner
    ? [{ field: words.owner, before: target.owner_sealed, after: target.owner }, ...changed]
    : changed;
  return (
    <Section title={words.target} aside={<EntityLink entity={target.ref} />}>
      <div className={css.stack}>
        {target.problem ? (
          <Callout tone="bad" title={words.problem}>
            {visible(target.problem)}
          </Callout>
        ) : rows.length > 0 ? (
          <>
            <Callout tone="waiting" title={words.differs}>
              {words.differsLead}
            </Callout>
            <Differences rows={rows} caption={words.target} />
          </>
        ) : (
          <p className="soft">{words.asSealed}</p>
        )}
        {!target.problem && read.length > 0 && (
          <Readable value={Object.fromEntries(read.map((one) => [one.field, one.after]))} keys="exact" />
        )}
      </div>
    </Section>
  );
}

/** The catalog as it is now, and as the run would leave it. */
function Catalog({ approval }: { approval: ApprovalView }) {
  const changes = approval.changes ?? [];
  if (changes.length === 0 && !approval.changes_problem) return null;
  return (
    <Section title={words.catalog}>
      {approval.changes_problem ? (
        <Callout tone="bad" title={words.catalogRefuses}>
          {visible(approval.changes_problem)}
        </Callout>
      ) : (
        <ChangeList changes={changes} />
      )}
    </Section>
  );
}

/** Commits and digests by their first letters: in full they stand in the sealed plan. */
const shortened = ({ field, before, after }: Difference) => ({
  field,
  before: short(before),
  after: short(after),
});
const short = (value: unknown) =>
  typeof value === "string" && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(value) ? value.slice(0, 12) : value;

const same = (one: Difference) => JSON.stringify(one.before) === JSON.stringify(one.after);

function Undo({ undo }: { undo: PlannedUndo }) {
  if (undo.why_not)
    return (
      <p>
        {words.undo}: <span className="soft">{visible(undo.why_not)}</span>
      </p>
    );
  return (
    <details>
      <summary>{words.undoWould}</summary>
      {undo.requests.map((one) => (
        <Facts
          key={one.step}
          facts={[
            [text.actions.review.step, visible(one.step)],
            [text.actions.review.project, visible(one.project)],
            [text.actions.review.pipeline, visible(one.pipeline)],
            [text.actions.review.ref, visible(one.ref)],
            [text.actions.review.sentInputs, <Readable key="inputs" value={one.inputs} keys="exact" />],
          ]}
        />
      ))}
    </details>
  );
}
