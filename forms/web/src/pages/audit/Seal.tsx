import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleX, ShieldOff } from "lucide-react";
import { useApi } from "../../api/context";
import { sealQuery } from "../../api/queries";
import type { AuditSeal } from "../../api/types";
import { Facts, Section } from "../../parts/Basics";
import { CopyText } from "../../parts/CopyText";
import { Loaded } from "../../parts/Loaded";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import type { Look } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import css from "./AuditPage.module.css";
import { Verify } from "./Verify";

const words = text.audit.seal;

/** How far the audit is signed, and with which keys somebody else can check that. */
export function Seal() {
  const seal = useQuery(sealQuery(useApi()));
  return (
    <Loaded query={seal} lines={1}>
      {(found) => (
        <Section title={words.title} aside={<StateBadge look={lookOf(found)} />}>
          <Facts
            facts={[
              [words.at, <When key="at" at={found.sealed_at} />],
              found.failing_since !== null && [words.since, <When key="since" at={found.failing_since} />],
              found.why !== null && [words.failing, visible(found.why)],
            ]}
          />
          <Verify />
          <details className={css.keys}>
            <summary>{words.keys}</summary>
            <p className="soft small">
              {words.verify} <code>{words.command}</code>
            </p>
            <ul className={css.keys}>
              {found.keys.map((key) => (
                <li key={key.id}>
                  <CopyText value={key.pem} shown={key.id} /> {key.current && words.current}
                </li>
              ))}
            </ul>
          </details>
        </Section>
      )}
    </Loaded>
  );
}

function lookOf({ sealed, entries, failing_since: failing, keys }: AuditSeal): Look {
  const word = keys.length === 0 && sealed === 0 ? words.none : words.upTo(sealed, entries);
  if (failing !== null) return { tone: "bad", icon: CircleX, word };
  if (sealed === 0) return { tone: "waiting", icon: ShieldOff, word };
  return { tone: "good", icon: CircleCheck, word };
}
