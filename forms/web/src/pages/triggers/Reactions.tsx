import { Link } from "react-router";
import type { ReactionView } from "../../api/types";
import { RunLink } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { visible } from "../../parts/textOf";
import { Moment } from "../../parts/Times";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { eventPath, reactionLook, triggerPath } from "./looks";

const words = text.triggers.one;

/** What events caused, one a row. `events`: the asker may read what these said. */
export function Reactions(props: {
  caption: string;
  rows: readonly ReactionView[];
  of: "trigger" | "event";
  events?: boolean;
  more?: Column<ReactionView>;
}) {
  return (
    <DataTable
      caption={props.caption}
      inside
      columns={[
        AT,
        props.of === "trigger" ? event(props.events ?? false) : TRIGGER,
        STATE,
        RESULT,
        RUN,
        ...(props.more ? [props.more] : []),
      ]}
      rows={props.rows}
      rowKey={(one) => `${one.trigger} ${one.event} ${one.item} ${one.turn}`}
    />
  );
}

const AT: Column<ReactionView> = {
  head: words.at,
  main: true,
  cell: (one) => (
    <>
      <Moment at={one.at} />
      {one.by && ` (${words.replayed(visible(one.by.name))})`}
    </>
  ),
};
const event = (reads: boolean): Column<ReactionView> => ({
  head: words.event,
  tight: true,
  cell: (one) => (reads ? <Link to={eventPath(one.event)}>{one.event}</Link> : one.event),
});
const TRIGGER: Column<ReactionView> = {
  head: text.triggers.trigger,
  cell: (one) => <Link to={triggerPath(one.trigger)}>{visible(one.trigger)}</Link>,
};
const STATE: Column<ReactionView> = {
  head: text.triggers.state,
  tight: true,
  cell: (one) => <StateBadge look={reactionLook(one)} />,
};
const RESULT: Column<ReactionView> = { head: words.result, cell: (one) => visible(one.text) };
const RUN: Column<ReactionView> = {
  head: words.run,
  tight: true,
  cell: (one) => one.run && <RunLink id={one.run} />,
};
