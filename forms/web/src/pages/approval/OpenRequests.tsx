import type { ApprovalView, HoleView, OpenRequestView } from "../../api/types";
import { Section } from "../../parts/Basics";
import { CopyText } from "../../parts/CopyText";
import { Readable } from "../../parts/Json";
import { inWords, visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./OpenRequests.module.css";

const words = text.approvals.open;

/** What the sealed plan leaves open: each hole as written, what it can become, and the bytes once all are filled. */
export function OpenRequests({ approval }: { approval: ApprovalView }) {
  const requests = approval.open_requests ?? [];
  if (requests.length === 0) return null;
  return (
    <Section title={words.title}>
      <div className={css.stack}>
        <p className="soft">{words.lead}</p>
        {requests.map((one) => (
          <OneRequest key={one.step} request={one} />
        ))}
      </div>
    </Section>
  );
}

function OneRequest({ request }: { request: OpenRequestView }) {
  return (
    <section className={css.request} aria-label={words.of(request.step)}>
      <h3>
        {visible(request.step)} <span className="soft">{visible(request.uses)}</span>
      </h3>
      <ul className={css.holes}>
        {request.holes.map((hole) => (
          <li key={hole.name}>
            <Hole hole={hole} />
          </li>
        ))}
      </ul>
      {request.why_not && <p>{visible(request.why_not)}</p>}
      <Sent request={request} />
    </section>
  );
}

function Hole({ hole }: { hole: HoleView }) {
  return (
    <>
      <p>
        {visible(hole.name)}: <code>{inWords(hole.written)}</code>
      </p>
      {hole.filled && (
        <p>
          {words.became} <strong>{inWords(hole.value)}</strong>
        </p>
      )}
      {hole.sources.map((source) => (
        <details key={source.name}>
          <summary>
            <code>{visible(source.name)}</code>: {visible(source.who)}
          </summary>
          {source.json_schema ? (
            <>
              <p className="soft">{words.canBe}</p>
              <Readable value={source.json_schema} keys="exact" />
            </>
          ) : (
            <p className="soft">{words.anything}</p>
          )}
        </details>
      ))}
      {Object.keys(hole.given).length > 0 && <Readable value={hole.given} keys="exact" />}
    </>
  );
}

function Sent({ request: { sent, step } }: { request: OpenRequestView }) {
  if (!sent) return <p className="soft">{words.noBytes}</p>;
  const headers = Object.entries(sent.headers).map(([name, value]) => `${name}: ${String(value)}\n`);
  return (
    <details>
      <summary>{sent.attempt === null ? words.willBe : words.sealedAs(sent.attempt)}</summary>
      {/* A region that scrolls has to be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={css.bytes} tabIndex={0} role="region" aria-label={words.bytesOf(step)}>
        {visible(`${sent.method} ${sent.path}\n${headers.join("")}\n${sent.body}`)}
      </pre>
      <p>
        {text.approvals.digest} <CopyText value={sent.digest} shown={sent.digest.slice(0, 12)} />
      </p>
    </details>
  );
}
