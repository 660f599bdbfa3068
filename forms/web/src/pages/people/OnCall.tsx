import { useQuery } from "@tanstack/react-query";
import { useApi } from "../../api/context";
import { onCallQuery } from "../../api/queries";
import type { OnCallView } from "../../api/types";
import { Empty, EntityLink, Section } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { Loaded } from "../../parts/Loaded";
import { OnCallNames } from "../../parts/OnCallNames";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./PeoplePage.module.css";

const words = text.people.onCall;

const COLUMNS: readonly Column<OnCallView>[] = [
  { head: words.entity, main: true, cell: (one) => <EntityLink entity={one.entity} title={one.title} /> },
  { head: words.names, cell: (one) => <OnCallNames names={one.names} /> },
  { head: words.place, cell: (one) => <code>{visible(one.place)}</code> },
  { head: words.actions, cell: (one) => one.actions.map((action) => visible(action.title)).join(", ") },
];

/** Who would be asked now by actions that look up who is on call. */
export function OnCall() {
  const found = useQuery(onCallQuery(useApi(), null));
  return (
    <Section title={words.title} flush>
      <Loaded query={found}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={words.none}>{words.lead}</Empty>
          ) : (
            <>
              <DataTable
                caption={words.title}
                inside
                columns={COLUMNS}
                rows={items}
                rowKey={(one) => `${one.entity} ${one.place}`}
              />
              <p className={`${css.note} soft small`}>{words.lead}</p>
            </>
          )
        }
      </Loaded>
    </Section>
  );
}
