import { useQuery } from "@tanstack/react-query";
import { Replace, Siren } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Link, useParams } from "react-router";
import { useApi } from "../../api/context";
import { approvalQuery } from "../../api/queries";
import type { ApprovalView } from "../../api/types";
import { Callout, EntityLink, Facts, PageHead, PersonName, RunLink, Section } from "../../parts/Basics";
import { Differences } from "../../parts/Compare";
import { FreezeNote } from "../../parts/FreezeNote";
import { Raw, Readable } from "../../parts/Json";
import { Loaded } from "../../parts/Loaded";
import { SealedPlan } from "../../parts/SealedPlan";
import { visible } from "../../parts/textOf";
import { Until, When } from "../../parts/Times";
import { useTitle } from "../../parts/title";
import { approvalLook } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import css from "./ApprovalPage.module.css";
import { Beside } from "./Beside";
import { Changed } from "./Changed";
import { Comments } from "./Comments";
import { Decide } from "./Decide";
import { Decisions } from "./Decisions";
import { DigestCheck } from "./DigestCheck";
import { HandOver } from "./HandOver";
import { OpenRequests } from "./OpenRequests";
import { Stages } from "./Stages";

const words = text.approvals;

/** `/approvals/a_…`: everything that is needed to decide, as it was sealed. */
export default function ApprovalPage() {
  const { id = "" } = useParams();
  const approval = useQuery(approvalQuery(useApi(), id));
  useTitle(approval.data && `${approvalLook(approval.data.state).word}: ${approval.data.action_title}`);
  return (
    <Loaded query={approval} lines={8} page>
      {(seen) => <Shown key={seen.id} approval={seen} />}
    </Loaded>
  );
}

function Shown({ approval }: { approval: ApprovalView }) {
  // What the approver has looked over: another plan under the same address is not decided before it was seen to be one.
  const [known, setKnown] = useState(approval);
  const changed = approval.state === "pending" && approval.digest !== known.digest;
  return (
    <>
      <Head approval={approval} />
      <Superseded approval={approval} />
      {approval.break_glass && (
        <div className={css.notice}>
          <Callout tone="bad" icon={<Siren size={18} aria-hidden />} title={text.emergency.confirm}>
            {text.emergency.after}
          </Callout>
        </div>
      )}
      {approval.unusual && !approval.break_glass && (
        <div className={css.notice}>
          <Callout
            tone="waiting"
            icon={<Replace size={18} aria-hidden />}
            title={visible(approval.unusual)}
          />
        </div>
      )}
      {approval.state === "pending" && <FreezeNote freezes={approval.freezes} stopped={approval.stopped} />}
      <div className={css.columns}>
        <div className={css.column}>
          <Asked approval={approval} />
          <Compared approval={approval} />
          <Beside approval={approval} />
          <OpenRequests approval={approval} />
          <SealedSection approval={approval} />
        </div>
        <div className={css.side}>
          {changed ? (
            <Changed before={known} now={approval} onSeen={() => setKnown(approval)} />
          ) : (
            // Another digest is another question: nothing typed for the one may count for the other.
            <Decide key={approval.digest} approval={approval} />
          )}
          <About approval={approval} />
          <Stages approval={approval} />
          <Section title={words.decisions}>
            {approval.decisions.length === 0 && <p className="soft">{words.noDecisions}</p>}
            <Decisions decisions={approval.decisions} />
            <HandOver approval={approval} />
          </Section>
          <Comments approval={approval} />
        </div>
      </div>
    </>
  );
}

function Head({ approval }: { approval: ApprovalView }) {
  return (
    <PageHead
      back={{ to: "/approvals", label: words.back }}
      title={
        <>
          {visible(approval.action_title)}{" "}
          {approval.entity && (
            <span className={css.entity}>
              <EntityLink entity={approval.entity} />
            </span>
          )}
        </>
      }
      lead={
        <span className={css.state} role="status">
          <StateBadge look={approvalLook(approval.state)} /> {visible(approval.text)}
        </span>
      }
    />
  );
}

function Superseded({ approval }: { approval: ApprovalView }) {
  if (!approval.superseded_by) return null;
  return (
    <div className={css.notice}>
      <Callout tone="waiting" icon={<Replace size={18} aria-hidden />} title={words.superseded}>
        <Link to={`/approvals/${encodeURIComponent(approval.superseded_by)}`}>{words.supersededGo}</Link>
      </Callout>
    </div>
  );
}

function Asked({ approval }: { approval: ApprovalView }) {
  return (
    <Section title={words.what}>
      <div className={css.stack}>
        {approval.comment && <blockquote className={css.comment}>{visible(approval.comment)}</blockquote>}
        <Readable value={approval.inputs} />
      </div>
    </Section>
  );
}

function Compared({ approval }: { approval: ApprovalView }) {
  return (
    <>
      {approval.drift.length > 0 && (
        <Section title={words.drift}>
          <Differences rows={approval.drift} caption={words.drift} />
        </Section>
      )}
      <Section
        title={words.differences}
        aside={approval.previous_run && <RunLink id={approval.previous_run} />}
      >
        {approval.differences.length > 0 ? (
          <Differences rows={approval.differences} caption={words.differences} />
        ) : (
          <p className="soft">{approval.previous_run ? words.noDifferences : words.noPrevious}</p>
        )}
      </Section>
    </>
  );
}

function SealedSection({ approval }: { approval: ApprovalView }) {
  return (
    <Section title={words.sealed}>
      <div className={css.stack}>
        <p className="soft">{words.sealedLead}</p>
        <SealedPlan plan={approval.sealed} />
        <details>
          <summary>{words.raw}</summary>
          <Raw value={approval.sealed} label={words.raw} />
        </details>
        <DigestCheck document={approval.sealed} digest={approval.digest} />
      </div>
    </Section>
  );
}

function About({ approval }: { approval: ApprovalView }) {
  return (
    <Section title={text.runs.about}>
      <Facts
        facts={[
          [words.requester, <PersonName key="by" person={approval.requester} />],
          [words.asked, <When key="asked" at={approval.created_at} />],
          [words.expires, <Until key="expires" at={approval.expires_at} />],
          [words.quorum, visible(approval.who)],
          ...Object.entries(approval.on_call).map(([entry, names]): [string, ReactNode] => [
            words.onCall(entry.split("@")[1] ?? ""),
            names.length > 0 ? names.map(visible).join(", ") : words.nobodyOnCall,
          ]),
          [words.run, <RunLink key="run" id={approval.run} />],
        ]}
      />
      {[approval.edited, ...approval.terms].map((sentence) => (
        <p key={sentence} className={`${css.below} soft`}>
          {visible(sentence)}
        </p>
      ))}
    </Section>
  );
}
