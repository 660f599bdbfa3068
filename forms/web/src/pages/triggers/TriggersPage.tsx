import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { triggersQuery } from "../../api/queries";
import type { TriggerView } from "../../api/types";
import { Empty, EntityLink, PageHead } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { Loaded } from "../../parts/Loaded";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { sourceName, triggerLook, triggerPath } from "./looks";

const words = text.triggers;

/** `/triggers` */
export default function TriggersPage() {
  const found = useQuery(triggersQuery(useApi()));
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <Loaded query={found} lines={6}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={words.noneTitle}>{words.noneHint}</Empty>
          ) : (
            <DataTable caption={words.title} columns={COLUMNS} rows={items} rowKey={(one) => one.id} />
          )
        }
      </Loaded>
    </>
  );
}

const COLUMNS: readonly Column<TriggerView>[] = [
  {
    head: words.trigger,
    main: true,
    cell: (one) => <Link to={triggerPath(one.id)}>{visible(one.title)}</Link>,
  },
  { head: words.state, tight: true, cell: (one) => <StateBadge look={triggerLook(one)} /> },
  { head: words.listens, cell: (one) => visible(sourceName(one.listens)) },
  { head: words.action, cell: (one) => visible(one.action) },
  { head: words.owner, tight: true, cell: (one) => <EntityLink entity={one.owner} /> },
];
