import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link, useParams } from "react-router";
import { useApi } from "../../api/context";
import { actionsQuery, entityQuery, kindsQuery, runsQuery } from "../../api/queries";
import type { EntityView } from "../../api/types";
import { Empty, EntityLink, Facts, PageHead, Section } from "../../parts/Basics";
import { Readable } from "../../parts/Json";
import { Loaded } from "../../parts/Loaded";
import { RunTable } from "../../parts/RunTable";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import { ActionCards } from "../action/ActionCards";
import { Belongings } from "./Belongings";
import { belongingsOf } from "./belonging";
import css from "./EntityPage.module.css";
import { History } from "./History";
import { Locks } from "./Locks";
import { Temporary } from "./Temporary";
import { OnCall } from "./OnCall";
import { WrittenBy } from "./WrittenBy";

const words = text.entities;
const LATEST = 10;

/** `/entities/service/shop` */
export default function EntityPage() {
  const { kind = "", name = "" } = useParams();
  const entity = useQuery(entityQuery(useApi(), `${kind}:${name}`));
  useTitle(entity.data?.title);
  return (
    <Loaded query={entity} lines={8} page>
      {(seen) => <Shown entity={seen} />}
    </Loaded>
  );
}

function Shown({ entity }: { entity: EntityView }) {
  // Where they cannot be read, all that refers to it stands in one list.
  const kinds = useQuery(kindsQuery(useApi()));
  const known = kinds.data?.items;
  const belongings = useMemo(() => (known ? belongingsOf(entity, known) : []), [entity, known]);
  const apart = new Set(belongings.flatMap((one) => one.refs));
  return (
    <>
      <Head entity={entity} />
      <div className={css.columns}>
        <div className={css.column}>
          <Actions entity={entity} />
          <Belongings entity={entity} all={belongings} />
          <Runs entity={entity} />
        </div>
        <div className={css.column}>
          <Properties entity={entity} />
          <Relations entity={entity} others={entity.referenced_by.filter((ref) => !apart.has(ref))} />
          <OnCall entity={entity} />
          <Temporary entity={entity} />
          <Locks entity={entity} />
          <History entity={entity} />
        </div>
      </div>
    </>
  );
}

function Head({ entity }: { entity: EntityView }) {
  return (
    <PageHead
      back={{ to: "/entities", label: words.back }}
      title={visible(entity.title)}
      lead={
        <>
          <code>{entity.ref}</code> · {words.owner}{" "}
          {entity.owner ? <EntityLink entity={entity.owner} /> : words.noOwner}
        </>
      }
    />
  );
}

function Actions({ entity }: { entity: EntityView }) {
  const actions = useQuery(actionsQuery(useApi(), { entity: entity.ref }));
  if (actions.data?.items.length === 0) return null;
  return (
    <section aria-label={words.actions} className={css.actions}>
      <h2>{words.actions}</h2>
      <Loaded query={actions}>
        {({ items }) => <ActionCards actions={items} entity={entity.ref} level="h3" />}
      </Loaded>
    </section>
  );
}

function Runs({ entity }: { entity: EntityView }) {
  const runs = useInfiniteQuery({
    ...runsQuery(useApi(), { entity: entity.ref }, LATEST),
    placeholderData: undefined,
  });
  return (
    <section aria-label={words.runs} className={css.actions}>
      <div className={css.runsHead}>
        <h2>{words.runs}</h2>
        <Link to={`/runs?${new URLSearchParams({ entity: entity.ref })}`}>{words.allRuns}</Link>
      </div>
      <Loaded query={runs}>
        {({ pages }) => {
          const items = pages[0]?.items ?? [];
          return items.length > 0 ? <RunTable runs={items} compact /> : <NoRuns entity={entity} />;
        }}
      </Loaded>
    </section>
  );
}

function NoRuns({ entity }: { entity: EntityView }) {
  const actions = useQuery(actionsQuery(useApi(), { entity: entity.ref }));
  if (actions.data?.items.length === 0) {
    return (
      <Empty title={words.noRuns}>
        {words.noActions(visible(entity.kind))} <Link to="/actions">{words.otherActions}</Link>
      </Empty>
    );
  }
  return (
    <Empty title={words.noRuns}>
      <Link to={`/actions?${new URLSearchParams({ entity: entity.ref })}`}>{words.toActions}</Link>
    </Empty>
  );
}

function Properties({ entity }: { entity: EntityView }) {
  const none = Object.keys(entity.properties).length === 0;
  return (
    <Section title={words.properties}>
      {none ? <p className="soft">{words.noProperties}</p> : <Readable value={entity.properties} links />}
      <p className={css.written}>
        <WrittenBy by={entity.changed_by} at={entity.changed_at} />
      </p>
    </Section>
  );
}

function Relations({ entity, others }: { entity: EntityView; others: readonly string[] }) {
  const relations = Object.entries(entity.relations).filter(([, refs]) => refs.length > 0);
  return (
    <Section title={words.relations}>
      {relations.length === 0 && <p className="soft">{words.noRelations}</p>}
      <Facts facts={relations.map(([name, refs]) => [name, <Refs key={name} refs={refs} />])} />
      {others.length > 0 && (
        <>
          <h3 className={css.sub}>{words.referencedBy}</h3>
          <Refs refs={others} />
          {entity.referenced_by_more && (
            <p className="soft small">{words.referencedByMore(entity.referenced_by.length)}</p>
          )}
        </>
      )}
    </Section>
  );
}

function Refs({ refs }: { refs: readonly string[] }) {
  return (
    <ul>
      {refs.map((ref) => (
        <li key={ref}>
          <EntityLink entity={ref} />
        </li>
      ))}
    </ul>
  );
}
