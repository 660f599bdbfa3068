import { useQuery } from "@tanstack/react-query";
import { useApi } from "../../api/context";
import { sessionsQuery } from "../../api/queries";
import type { SessionView } from "../../api/types";
import { useMe } from "../../app/me";
import { Facts, PageHead, Section } from "../../parts/Basics";
import { DataTable, type Column } from "../../parts/DataTable";
import { Loaded } from "../../parts/Loaded";
import { When } from "../../parts/Times";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import { Delegations } from "./Delegations";
import { KnownPeople } from "./KnownPeople";
import { OnCall } from "./OnCall";
import css from "./PeoplePage.module.css";

const words = text.people;

/** `/people`: oneself, who stands in for whom, and for administrators everybody. */
export default function PeoplePage() {
  const manages = useMe().permissions.includes("access.manage");
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className={css.stack}>
        <div className={css.columns}>
          <You />
          <Sessions />
        </div>
        <OnCall />
        <Delegations />
        {manages && <KnownPeople />}
      </div>
    </>
  );
}

function You() {
  const { name, groups, roles, scopes } = useMe();
  const list = (all: readonly string[]) => all.join(", ") || words.you.none;
  return (
    <Section title={`${words.you.title}: ${name}`}>
      <Facts
        facts={[
          [words.you.groups, list(groups)],
          [words.you.roles, list(roles)],
          [words.you.scopes, list(scopes)],
        ]}
      />
    </Section>
  );
}

const SESSIONS: readonly Column<SessionView>[] = [
  {
    head: words.sessions.which,
    main: true,
    cell: (one) => (one.this ? <strong>{words.sessions.this}</strong> : words.sessions.other),
  },
  { head: words.sessions.since, cell: (one) => <When at={one.created_at} /> },
  { head: words.sessions.used, cell: (one) => <When at={one.last_used_at} /> },
  { head: words.sessions.expires, cell: (one) => <When at={one.expires_at} /> },
];

function Sessions() {
  const found = useQuery(sessionsQuery(useApi()));
  return (
    <Section title={words.sessions.title} flush>
      <Loaded query={found}>
        {({ items }) => (
          <DataTable
            caption={words.sessions.title}
            inside
            columns={SESSIONS}
            rows={items}
            rowKey={(one) => one.created_at}
          />
        )}
      </Loaded>
      <p className={`${css.note} soft small`}>{words.sessions.hint}</p>
    </Section>
  );
}
