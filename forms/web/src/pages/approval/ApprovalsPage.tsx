import { Tabs } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { useApi } from "../../api/context";
import { approvalsQuery, exceptionsQuery, type ApprovalFilter } from "../../api/queries";
import { Empty, PageHead, Section } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import { ApprovalCards } from "./ApprovalCards";
import css from "./ApprovalsPage.module.css";
import { Reviews } from "./Reviews";

const words = text.approvals;
const LISTS = {
  mine: { mine: true, state: "pending" },
  pending: { state: "pending" },
  decided: {},
} as const satisfies Record<string, ApprovalFilter>;
type List = keyof typeof LISTS;
const NAMES = Object.keys(LISTS) as List[];

/** `/approvals?list=pending` */
export default function ApprovalsPage() {
  const [search, setSearch] = useSearchParams();
  const asked = search.get("list");
  const list = asked === "reviews" ? asked : (NAMES.find((name) => name === asked) ?? "mine");
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <Tabs
        value={list}
        onChange={(next) => setSearch(next === "mine" ? {} : { list: next ?? "" }, { replace: true })}
      >
        <Tabs.List className={css.list}>
          {NAMES.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {words.tabs[name]}
            </Tabs.Tab>
          ))}
          <Tabs.Tab value="reviews">{text.emergency.tab}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value={list} className={css.panel}>
          {list === "mine" && <AskedExceptions />}
          {list === "reviews" ? <Reviews /> : <Found list={list} />}
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** Exceptions to freezes that the asker may grant: decided on the page of their run. */
function AskedExceptions() {
  const asked = useInfiniteQuery(exceptionsQuery(useApi()));
  const mine = asked.data?.pages.flatMap((page) => page.items).filter((one) => one.may_decide.allowed) ?? [];
  if (mine.length === 0 && !asked.hasNextPage) return null;
  return (
    <Section title={text.freezes.exceptions}>
      {mine.map((one) => (
        <p key={one.id}>
          <Link to={`/runs/${encodeURIComponent(one.run)}`}>
            {visible(one.action)} {one.entity && visible(one.entity)}
          </Link>
          : {visible(one.title)} · {text.freezes.asked(visible(one.asked_by.name))}: {visible(one.reason)}
        </p>
      ))}
      <MoreButton query={asked} />
    </Section>
  );
}

function Found({ list }: { list: List }) {
  const approvals = useInfiniteQuery({
    ...approvalsQuery(useApi(), LISTS[list]),
    placeholderData: undefined,
  });
  const [title, detail] = words.empty[list] ?? ["", ""];
  return (
    <>
      <Loaded query={approvals}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.items);
          const items = list === "decided" ? all.filter((one) => one.state !== "pending") : all;
          return items.length === 0 ? (
            <Empty title={title}>{detail}</Empty>
          ) : (
            <ApprovalCards approvals={items} />
          );
        }}
      </Loaded>
      <MoreButton query={approvals} />
    </>
  );
}
