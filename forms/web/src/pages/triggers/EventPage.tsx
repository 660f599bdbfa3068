import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { useApi } from "../../api/context";
import { eventQuery } from "../../api/queries";
import { Empty, Facts, PageHead, Section } from "../../parts/Basics";
import { Readable } from "../../parts/Json";
import { Loaded } from "../../parts/Loaded";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import css from "../../parts/Layout.module.css";
import { sourceName } from "./looks";
import { Reactions } from "./Reactions";

const words = text.triggers.events;

/** `/events/e_1` */
export default function EventPage() {
  const { id = "" } = useParams();
  const found = useQuery(eventQuery(useApi(), id));
  useTitle(id);
  return (
    <Loaded query={found} lines={6} page>
      {(event) => (
        <>
          <PageHead back={{ to: "/events", label: words.back }} title={event.id} />
          <div className={css.stack}>
            <Section title={visible(sourceName(event.source))}>
              <Facts
                facts={[
                  [words.received, <When key="at" at={event.received_at} />],
                  [words.delivery, visible(event.delivery)],
                  event.key !== null && [words.key, visible(event.key)],
                ]}
              />
            </Section>
            <Section title={words.caused} flush>
              {event.caused.length === 0 ? (
                <Empty title={words.nothing} />
              ) : (
                <Reactions caption={words.caused} of="event" rows={event.caused} />
              )}
            </Section>
            <Section title={words.said}>
              <Readable value={event.payload} />
            </Section>
          </div>
        </>
      )}
    </Loaded>
  );
}
