import { Tabs } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { useApi } from "../../api/context";
import { approvalsQuery, type ApprovalFilter } from "../../api/queries";
import { Empty, PageHead } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
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
          {list === "reviews" ? <Reviews /> : <Found list={list} />}
        </Tabs.Panel>
      </Tabs>
    </>
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
