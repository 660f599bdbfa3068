import { Button } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import { principalsQuery } from "../../api/queries";
import type { PrincipalView } from "../../api/types";
import { Empty, PersonName, Section } from "../../parts/Basics";
import { Confirm } from "../../parts/Confirm";
import { DataTable, type Column } from "../../parts/DataTable";
import { FilterText } from "../../parts/FilterText";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { ProblemNote } from "../../parts/Problem";
import { When } from "../../parts/Times";
import { useFilters } from "../../parts/useFilters";
import { text } from "../../text";

const words = text.people.known;

const COLUMNS: readonly Column<PrincipalView>[] = [
  {
    head: words.name,
    main: true,
    cell: (one) => (
      <>
        <PersonName person={one} /> {!one.present && <span className="soft small">{words.gone}</span>}
      </>
    ),
  },
  { head: words.groups, cell: (one) => one.groups.join(", ") },
  { head: words.roles, cell: (one) => one.roles.join(", ") },
  { head: words.sessions, number: true, cell: (one) => String(one.sessions) },
  { head: words.tokens, number: true, cell: (one) => String(one.tokens) },
  { head: words.delegations, number: true, cell: (one) => String(one.delegations) },
  {
    head: words.used,
    tight: true,
    cell: (one) => (one.used_at ? <When at={one.used_at} /> : <span className="soft">{words.never}</span>),
  },
  {
    head: "",
    tight: true,
    cell: (one) => one.sessions + one.tokens + one.delegations > 0 && <EndAccess one={one} />,
  },
];

/** Everybody who was let in, for those who manage access. */
export function KnownPeople() {
  const filters = useFilters(["q"]);
  const found = useInfiniteQuery(principalsQuery(useApi(), filters.value("q")));
  return (
    <Section
      title={words.title}
      aside={
        <FilterText
          label={words.search}
          placeholder={words.search}
          value={filters.value("q")}
          onFilter={(q) => filters.set({ q })}
        />
      }
      flush
    >
      <Loaded query={found}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          if (rows.length === 0) return <Empty title={words.noneTitle}>{words.none}</Empty>;
          return (
            <DataTable caption={words.title} inside columns={COLUMNS} rows={rows} rowKey={(one) => one.id} />
          );
        }}
      </Loaded>
      <MoreButton query={found} />
    </Section>
  );
}

function EndAccess({ one }: { one: PrincipalView }) {
  const api = useApi();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const end = useMutation({
    mutationFn: () =>
      take(api.DELETE("/api/v1/principals/{principal}/access", { params: { path: { principal: one.id } } })),
    onSuccess: () => {
      setOpen(false);
      void queries.invalidateQueries({ queryKey: ["principals"] });
    },
  });
  return (
    <>
      <Button size="compact-sm" variant="outline" color="red" onClick={() => setOpen(true)}>
        {words.end}
      </Button>
      {open && (
        <Confirm
          title={words.endTitle(one.name)}
          verb={words.end}
          danger
          busy={end.isPending}
          onConfirm={() => end.mutate()}
          onClose={() => setOpen(false)}
        >
          <p>{words.endText}</p>
          {end.error && <ProblemNote error={end.error} />}
        </Confirm>
      )}
    </>
  );
}
