import { Button } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { done } from "../../api/client";
import { useApi } from "../../api/context";
import { exceptionsQuery, freezeQuery, freezesQuery } from "../../api/queries";
import type { FreezeView } from "../../api/types";
import { useMe } from "../../app/me";
import { Empty, EntityLink, Facts, PageHead, PersonName, RunLink, Section } from "../../parts/Basics";
import { Confirm } from "../../parts/Confirm";
import { DataTable, type Column } from "../../parts/DataTable";
import { Readable } from "../../parts/Json";
import { Loaded } from "../../parts/Loaded";
import { ProblemNote } from "../../parts/Problem";
import { capital, visible } from "../../parts/textOf";
import { Moment, When } from "../../parts/Times";
import { duration } from "../../parts/time";
import { useTitle } from "../../parts/title";
import { useNow } from "../../parts/useNow";
import { StateBadge } from "../../states/StateBadge";
import { text } from "../../text";
import { freezeLook, freezePath } from "./freezePath";
import css from "../../parts/Layout.module.css";
import type { Period } from "./month";

const words = text.freezes.one;
const AHEAD = 90 * 86_400_000;

/** `/freezes/year-end` */
export default function FreezePage() {
  const { id = "" } = useParams();
  const found = useQuery(freezeQuery(useApi(), id));
  useTitle(found.data?.title);
  return (
    <Loaded query={found} lines={6} page>
      {(freeze) => (
        <>
          <PageHead
            back={{ to: "/freezes", label: words.back }}
            title={visible(freeze.title)}
            lead={freeze.description ? visible(freeze.description) : undefined}
            aside={!freeze.from_file && <Buttons freeze={freeze} />}
          />
          <div className={css.columns}>
            <div className={css.stack}>
              <About freeze={freeze} />
              <Section title={words.rules}>
                <Readable value={freeze.spec} />
              </Section>
            </div>
            <div className={css.stack}>
              <Windows freeze={freeze} />
              <Waiting freeze={freeze} />
            </div>
          </div>
        </>
      )}
    </Loaded>
  );
}

function About({ freeze }: { freeze: FreezeView }) {
  const zone = freeze.spec["timezone"];
  return (
    <Section title={capital(visible(freeze.text))} aside={<StateBadge look={freezeLook(freeze)} />}>
      <Facts
        facts={[
          [words.reason, visible(freeze.reason)],
          [words.owner, <EntityLink key="owner" entity={freeze.owner} />],
          typeof zone === "string" && [words.zone, visible(zone)],
          [
            words.from,
            freeze.made_by ? (
              <p key="by">
                {words.madeBy} <PersonName person={freeze.made_by} />
              </p>
            ) : (
              words.file
            ),
          ],
          [words.changed, <When key="changed" at={freeze.changed_at} />],
        ]}
      />
    </Section>
  );
}

const WINDOWS: readonly Column<Period>[] = [
  { head: words.start, main: true, cell: (one) => <Moment at={one.start} /> },
  { head: words.end, cell: (one) => <Moment at={one.end} /> },
  {
    head: words.hours,
    tight: true,
    cell: (one) => duration(Date.parse(one.end) - Date.parse(one.start)),
  },
];

function Windows({ freeze }: { freeze: FreezeView }) {
  // By the hour, so that the answer can be kept for a while.
  const from = Math.floor(useNow(600_000) / 3_600_000) * 3_600_000;
  const asked = { from: new Date(from).toISOString(), until: new Date(from + AHEAD).toISOString() };
  const found = useQuery(freezesQuery(useApi(), asked));
  const title = freeze.spec["frozen"] === "outside" ? words.openNext : words.next;
  return (
    <Section title={title} flush>
      <Loaded query={found}>
        {({ items }) => {
          const rows = items.find((one) => one.id === freeze.id)?.occurrences ?? [];
          if (rows.length === 0) return <Empty title={words.noNext} />;
          return (
            <DataTable caption={title} inside columns={WINDOWS} rows={rows} rowKey={(one) => one.start} />
          );
        }}
      </Loaded>
    </Section>
  );
}

/** Decided on the page of the run: what it would do stands there. */
function Waiting({ freeze }: { freeze: FreezeView }) {
  const asked = useInfiniteQuery(exceptionsQuery(useApi()));
  const all = asked.data?.pages.flatMap((page) => page.items) ?? [];
  const own = all.filter((one) => one.freeze === freeze.id);
  return (
    <Section title={words.exceptions}>
      {own.length === 0 ? (
        <p className="soft">{words.noExceptions}</p>
      ) : (
        <ul className={css.form}>
          {own.map((one) => (
            <li key={one.id}>
              {text.freezes.asked(visible(one.asked_by.name))} {words.forRun} <RunLink id={one.run} />:{" "}
              {visible(one.reason)}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Buttons({ freeze }: { freeze: FreezeView }) {
  const [ending, setEnding] = useState(false);
  if (!useMe().permissions.includes("freezes.manage")) return null;
  return (
    <>
      <Button variant="default" component={Link} to={`${freezePath(freeze.id)}/change`}>
        {words.change}
      </Button>
      <Button variant="outline" color="red" onClick={() => setEnding(true)}>
        {words.remove}
      </Button>
      {ending && <End freeze={freeze} onClose={() => setEnding(false)} />}
    </>
  );
}

function End({ freeze, onClose }: { freeze: FreezeView; onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const go = useNavigate();
  const end = useMutation({
    mutationFn: () =>
      done(api.DELETE("/api/v1/freezes/{freeze}", { params: { path: { freeze: freeze.id } } })),
    onSuccess: async () => {
      await go("/freezes");
      queries.removeQueries({ queryKey: ["freezes", "one", freeze.id] });
      void queries.invalidateQueries({ queryKey: ["freezes"] });
    },
  });
  return (
    <Confirm
      title={words.removeTitle}
      verb={words.remove}
      danger
      busy={end.isPending}
      onConfirm={() => end.mutate()}
      onClose={onClose}
    >
      <p>{words.removeText}</p>
      {end.error && <ProblemNote error={end.error} />}
    </Confirm>
  );
}
