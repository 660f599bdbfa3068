import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useMemo } from "react";
import { Link, useSearchParams } from "react-router";
import { useApi } from "../../api/context";
import { actionsQuery } from "../../api/queries";
import type { ActionSummary } from "../../api/types";
import { Empty, EntityLink, PageHead } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import { ActionCards } from "./ActionCards";
import css from "./ActionsPage.module.css";

/** `/actions?entity=service:shop&q=deploy` */
export default function ActionsPage() {
  const [search, setSearch] = useSearchParams();
  const entity = search.get("entity") ?? undefined;
  const q = search.get("q") ?? "";
  const actions = useQuery(actionsQuery(useApi(), { entity }));
  const find = (words: string) =>
    setSearch(
      (before) => {
        if (words) before.set("q", words);
        else before.delete("q");
        return before;
      },
      { replace: true },
    );
  useTitle(text.actions.title);
  return (
    <>
      <PageHead
        title={text.actions.title}
        lead={
          entity ? (
            <>
              {text.actions.onEntity("")}
              <EntityLink entity={entity} /> · <Link to="/actions">{text.actions.allActions}</Link>
            </>
          ) : (
            text.actions.lead
          )
        }
      />
      <TextInput
        className={css.search}
        aria-label={text.actions.search}
        placeholder={text.actions.search}
        leftSection={<Search size={16} aria-hidden />}
        value={q}
        onChange={(event) => find(event.currentTarget.value)}
      />
      <Loaded query={actions}>{({ items }) => <Found items={items} q={q} entity={entity} />}</Loaded>
    </>
  );
}

function Found({ items, q, entity }: { items: ActionSummary[]; q: string; entity: string | undefined }) {
  const found = useMemo(() => matching(items, q), [items, q]);
  if (items.length === 0) {
    return <Empty title={text.actions.noneTitle}>{entity ? text.actions.noneHere : text.actions.none}</Empty>;
  }
  if (found.length === 0) return <Empty title={text.actions.noMatch}>{text.actions.noMatchDetail}</Empty>;
  return <ActionCards actions={found} entity={entity} level="h2" />;
}

/** Actions in which every word occurs somewhere. There are few enough to look through here, while somebody types. */
export function matching(items: ActionSummary[], q: string): ActionSummary[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((action) => {
    const all = [action.name, action.title, action.description, ...action.tags].join(" ").toLowerCase();
    return words.every((word) => all.includes(word));
  });
}
