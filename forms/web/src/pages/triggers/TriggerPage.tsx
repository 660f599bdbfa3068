import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { useApi } from "../../api/context";
import { reactionsQuery, triggerQuery } from "../../api/queries";
import type { TriggerView } from "../../api/types";
import { useMe } from "../../app/me";
import { Empty, EntityLink, Facts, PageHead, PersonName, Section } from "../../parts/Basics";
import { Readable } from "../../parts/Json";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { ReasonedButton } from "../../parts/ReasonedButton";
import { capital, visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { useTitle } from "../../parts/title";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import css from "../../parts/Layout.module.css";
import { sourceName, triggerLook } from "./looks";
import { Reactions } from "./Reactions";
import { Replay } from "./Replay";
import { TriggerButtons } from "./TriggerButtons";

const words = text.triggers.one;

/** `/triggers/restart-on-alert` */
export default function TriggerPage() {
  const { id = "" } = useParams();
  const found = useQuery(triggerQuery(useApi(), id));
  useTitle(found.data?.title);
  return (
    <Loaded query={found} lines={6} page>
      {(trigger) => (
        <>
          <PageHead
            back={{ to: "/triggers", label: words.back }}
            title={visible(trigger.title)}
            lead={trigger.description ? visible(trigger.description) : undefined}
            aside={<TriggerButtons trigger={trigger} />}
          />
          <div className={css.stack}>
            <div className={css.columns}>
              <About trigger={trigger} />
              <Section title={words.rules}>
                <Readable value={trigger.spec} />
              </Section>
            </div>
            <History trigger={trigger} />
          </div>
        </>
      )}
    </Loaded>
  );
}

function About({ trigger }: { trigger: TriggerView }) {
  return (
    <Section title={capital(visible(trigger.text))} aside={<StateBadge look={triggerLook(trigger)} />}>
      <Facts
        facts={[
          [text.triggers.listens, visible(sourceName(trigger.listens))],
          [
            text.triggers.action,
            <Link key="action" to={`/actions/${encodeURIComponent(trigger.action)}`}>
              {visible(trigger.action)}
            </Link>,
          ],
          [words.owner, <EntityLink key="owner" entity={trigger.owner} />],
          trigger.paused_by !== null && [words.pausedBy, <PersonName key="by" person={trigger.paused_by} />],
          trigger.failures > 0 && [words.failures, trigger.failures],
          [words.changed, <When key="changed" at={trigger.changed_at} />],
        ]}
      />
    </Section>
  );
}

function History({ trigger }: { trigger: TriggerView }) {
  const found = useInfiniteQuery(reactionsQuery(useApi(), trigger.id));
  const reads = useMe().permissions.includes("webhooks.read");
  const [again, setAgain] = useState<string | null>(null);
  return (
    <Section title={words.history} flush>
      <Loaded query={found}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          if (rows.length === 0) return <Empty title={words.noHistory} />;
          return (
            <>
              <Reactions
                caption={words.history}
                of="trigger"
                rows={rows}
                events={reads}
                more={{
                  head: words.replay,
                  tight: true,
                  cell: (one) => (
                    <ReasonedButton
                      may={trigger.may_pause}
                      size="compact-sm"
                      variant="default"
                      onClick={() => setAgain(one.event)}
                    >
                      {words.replay}
                    </ReasonedButton>
                  ),
                }}
              />
              <MoreButton query={found} />
            </>
          );
        }}
      </Loaded>
      {again && <Replay key={again} trigger={trigger.id} event={again} onClose={() => setAgain(null)} />}
    </Section>
  );
}
