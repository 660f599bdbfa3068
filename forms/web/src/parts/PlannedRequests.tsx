import type { PlannedRequest } from "../api/types";
import { text } from "../text";
import { Facts } from "./Basics";
import { CopyText } from "./CopyText";
import { Readable } from "./Json";
import css from "./PlannedRequests.module.css";
import { visible } from "./textOf";

const words = text.actions.review;

/** What is sent where, step by step. */
export function PlannedRequests({ requests }: { requests: readonly PlannedRequest[] }) {
  return (
    <ol className={css.requests}>
      {requests.map((request) => (
        <li key={request.step}>
          <h3>{visible(request.step)}</h3>
          <Facts
            facts={[
              [
                words.connection,
                request.connection === request.backend
                  ? visible(request.connection)
                  : `${visible(request.connection)} (${request.backend})`,
              ],
              [words.project, visible(request.project)],
              [words.pipeline, visible(request.pipeline)],
              [words.ref, visible(request.ref)],
              [
                words.commit,
                <CopyText key="commit" value={request.commit} shown={request.commit.slice(0, 12)} />,
              ],
              [words.sentInputs, <Readable key="inputs" value={request.inputs} keys="exact" />],
              Object.keys(request.holes ?? {}).length > 0 && [
                text.approvals.holes,
                <Readable key="holes" value={request.holes ?? {}} keys="exact" />,
              ],
              !!request.packing && [words.packing, visible(request.packing)],
              !!request.secrets?.length && [words.secrets, visible(request.secrets.join(", "))],
              !!request.held && [words.held, visible(request.held)],
              !!request.loose && [words.loose, visible(request.loose)],
            ]}
          />
        </li>
      ))}
    </ol>
  );
}
