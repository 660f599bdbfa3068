import { useInfiniteQuery } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { runsQuery } from "../../api/queries";
import type { RunSummary } from "../../api/types";
import { Callout, EntityLink, PersonName, RunLink, Section } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { runLook } from "../../states/states";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import css from "./OperatePage.module.css";

const words = text.operate.attention;
const SHOWN = 10;

/** Runs about which only a person can say what became of them. */
export function Attention() {
  const held = useInfiniteQuery({ ...runsQuery(useApi(), { state: "needs_attention" }, SHOWN) });
  return (
    <Loaded query={held} lines={1}>
      {({ pages }) => {
        const items = pages[0]?.items ?? [];
        if (items.length === 0)
          return (
            <Callout tone="good" icon={<CircleCheck size={18} aria-hidden />} title={words.none}>
              {words.noneHint}
            </Callout>
          );
        return (
          <Section
            title={words.title}
            aside={<Link to="/runs?state=needs_attention">{words.all}</Link>}
            flush
          >
            <ul className={css.attention}>
              {items.map((run) => (
                <Held key={run.id} run={run} />
              ))}
            </ul>
          </Section>
        );
      }}
    </Loaded>
  );
}

function Held({ run }: { run: RunSummary }) {
  return (
    <li>
      <StateBadge look={runLook(run.state)} />
      <span className={css.run}>
        <RunLink id={run.id}>{visible(run.action_title)}</RunLink>{" "}
        {run.entity && <EntityLink entity={run.entity} />}
      </span>
      <span className="soft small">
        <PersonName person={run.requester} />, <When at={run.created_at} />
      </span>
    </li>
  );
}
