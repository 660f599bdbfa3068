import { useInfiniteQuery } from "@tanstack/react-query";
import { useApi } from "../../api/context";
import { reviewsQuery } from "../../api/queries";
import { Empty, EntityLink, PersonName, RunLink, Section } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import { Review } from "../run/EmergencyCard";

const words = text.emergency;

/** Open reviews of runs that went past their approval, those that are open longest first. */
export function Reviews() {
  const found = useInfiniteQuery(reviewsQuery(useApi()));
  return (
    <>
      <Loaded query={found}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.items);
          if (all.length === 0) return <Empty title={words.noReviews}>{words.noReviewsDetail}</Empty>;
          return all.map((one) => (
            <Section
              key={one.run}
              title={visible(one.action_title)}
              aside={
                <>
                  {one.entity && <EntityLink entity={one.entity} />} <RunLink id={one.run} />
                </>
              }
            >
              <p>
                <PersonName person={one.requester} />: {visible(one.comment ?? "")}
              </p>
              <Review review={one} />
            </Section>
          ));
        }}
      </Loaded>
      <MoreButton query={found} />
    </>
  );
}
