import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { schedulesQuery } from "../../api/queries";
import type { ScheduleView } from "../../api/types";
import { useMe } from "../../app/me";
import { Empty, EntityLink, PageHead } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { FilterBar } from "../../parts/FilterBar";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { useFilters } from "../../parts/useFilters";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { actionPath } from "../action/ActionCards";
import { firingLook, scheduleLook, schedulePath } from "./looks";

const words = text.schedules;

/** `/schedules` */
export default function SchedulesPage() {
  const filters = useFilters(["action"]);
  const action = filters.value("action");
  const found = useInfiniteQuery(schedulesQuery(useApi(), { action }));
  const mayMake = useMe().permissions.includes("run");
  useTitle(words.title);
  return (
    <>
      <PageHead
        title={words.title}
        lead={words.lead}
        aside={
          mayMake && (
            <Button component={Link} to="/schedules/new">
              {words.make}
            </Button>
          )
        }
      />
      {action !== undefined && (
        <FilterBar onClear={filters.clear}>
          <span>
            {words.ofAction} <Link to={actionPath(action)}>{visible(action)}</Link>
          </span>
        </FilterBar>
      )}
      <Loaded query={found} lines={6}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          if (rows.length === 0 && !found.hasNextPage)
            return <Empty title={action ? words.noneOfAction : words.noneTitle}>{words.noneHint}</Empty>;
          return (
            <>
              <DataTable caption={words.title} columns={COLUMNS} rows={rows} rowKey={(one) => one.id} />
              <MoreButton query={found} />
            </>
          );
        }}
      </Loaded>
    </>
  );
}

const COLUMNS: readonly Column<ScheduleView>[] = [
  {
    head: words.schedule,
    main: true,
    cell: (one) => <Link to={schedulePath(one.id)}>{visible(one.title)}</Link>,
  },
  { head: words.state, tight: true, cell: (one) => <StateBadge look={scheduleLook(one)} /> },
  { head: words.action, cell: (one) => visible(one.action) },
  { head: words.on, cell: (one) => one.entity && <EntityLink entity={one.entity} /> },
  { head: words.next, cell: (one) => visible(one.upcoming[0]?.local ?? one.text) },
  {
    head: words.last,
    tight: true,
    cell: (one) => (one.last ? <StateBadge look={firingLook(one.last)} /> : words.never),
  },
  { head: words.owner, tight: true, cell: (one) => <EntityLink entity={one.owner} /> },
];
