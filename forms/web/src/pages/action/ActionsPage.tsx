import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { useApi } from "../../api/context";
import { actionsQuery, myRunsQuery } from "../../api/queries";
import type { ActionSummary, RunSummary } from "../../api/types";
import { Empty, EntityLink, PageHead } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { Loading } from "../../parts/Loading";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import { ActionCards } from "./ActionCards";
import { ActionFilters } from "./ActionFilters";
import css from "./ActionsPage.module.css";
import { matching, useActionFilter } from "./filter";
import { recentOf } from "./recent";
import { Shortcuts } from "./Shortcuts";
import { useFavourites } from "./useFavourites";

const words = text.actions;

/** `/actions?entity=service:shop&q=deploy&tag=release&operation=day-2&may=yes` */
export default function ActionsPage() {
  const [search] = useSearchParams();
  const entity = search.get("entity") ?? undefined;
  const actions = useQuery(actionsQuery(useApi(), { entity }));
  // Both before anything is drawn: a list that comes later would push the cards down under somebody's finger.
  const mine = useQuery(myRunsQuery(useApi()));
  useTitle(words.title);
  return (
    <>
      <PageHead
        title={words.title}
        lead={
          entity ? (
            <>
              {words.onEntity("")}
              <EntityLink entity={entity} /> · <Link to="/actions">{words.allActions}</Link>
            </>
          ) : (
            words.lead
          )
        }
      />
      {mine.isLoading ? (
        <Loading />
      ) : (
        <Loaded query={actions}>
          {({ items }) => <Found items={items} runs={mine.data?.items ?? []} entity={entity} />}
        </Loaded>
      )}
    </>
  );
}

function Found({
  items,
  runs,
  entity,
}: {
  items: ActionSummary[];
  runs: readonly RunSummary[];
  entity: string | undefined;
}) {
  const by = useActionFilter();
  const { favourites } = useFavourites();
  if (items.length === 0) {
    if (!entity) return <Empty title={words.noneTitle}>{words.none}</Empty>;
    return (
      <Empty title={words.noneHereTitle}>
        {words.noneHere} <Link to="/actions">{words.allActions}</Link>
      </Empty>
    );
  }
  const found = matching(items, by.filter);
  return (
    <>
      <ActionFilters items={items} by={by} />
      {!by.narrowed && (
        <Shortcuts
          favourites={items.filter((one) => favourites.includes(one.name) && one.may_run.allowed)}
          recent={recentOf(runs, items, entity)}
          entity={entity}
        />
      )}
      <p className={css.all} role="status">
        {words.count(found.length, items.length)}
      </p>
      {found.length === 0 ? (
        <Empty title={words.noMatch}>
          {words.noMatchDetail}{" "}
          <Button size="compact-sm" variant="default" onClick={by.clear}>
            {words.clearFilters}
          </Button>
        </Empty>
      ) : (
        <ActionCards actions={found} entity={entity} level="h2" />
      )}
    </>
  );
}
