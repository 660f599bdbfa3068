import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApi } from "../../api/context";
import { kindsQuery } from "../../api/queries";
import type { KindView } from "../../api/types";
import { Empty, PageHead, Section } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { Loaded } from "../../parts/Loaded";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import css from "./KindsPage.module.css";
import { propertiesOf, relationsOf, type Property } from "./kinds";

const words = text.kinds;

/** `/kinds`: what the catalog can hold. */
export default function KindsPage() {
  const kinds = useQuery(kindsQuery(useApi()));
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <Loaded query={kinds} lines={8} page>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={words.noneTitle}>{words.none}</Empty>
          ) : (
            <div className={css.stack}>
              {items.map((kind) => (
                <Kind key={kind.name} kind={kind} />
              ))}
            </div>
          )
        }
      </Loaded>
    </>
  );
}

function Kind({ kind }: { kind: KindView }) {
  const title = visible(kind.title);
  const properties = propertiesOf(kind.property_schema);
  const relations = relationsOf(kind.relations);
  return (
    <Section
      title={
        <>
          {title} <code className={css.name}>{visible(kind.name)}</code>
        </>
      }
      aside={
        <Link to={`/entities?${new URLSearchParams({ kind: kind.name })}`}>{words.entities(title)}</Link>
      }
      flush
    >
      {properties.length > 0 ? (
        <DataTable
          caption={words.properties(title)}
          inside
          columns={COLUMNS}
          rows={properties}
          rowKey={(one) => one.name}
        />
      ) : (
        <p className={`${css.note} soft`}>{words.noProperties}</p>
      )}
      {relations.length > 0 && (
        <ul className={css.note} aria-label={words.relations(title)}>
          {relations.map(({ name, kind: other, many }) => (
            <li key={name}>
              <code>{visible(name)}</code> {words.pointsTo(visible(other), many)}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

const COLUMNS: readonly Column<Property>[] = [
  {
    head: words.property,
    main: true,
    cell: (one) => (
      <>
        {visible(one.title)} {one.title !== one.name && <code className="soft">{visible(one.name)}</code>}
        {one.description && <div className={`${css.means} soft`}>{visible(one.description)}</div>}
      </>
    ),
  },
  { head: words.type, cell: (one) => visible(one.type) },
  { head: words.needed, tight: true, cell: (one) => (one.required ? text.yes : text.no) },
];
