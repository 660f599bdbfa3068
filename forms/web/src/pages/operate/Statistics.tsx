import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { useApi } from "../../api/context";
import { actionsQuery, statisticsQuery } from "../../api/queries";
import type { RunPart } from "../../api/types";
import { Empty, Section } from "../../parts/Basics";
import { FilterBar } from "../../parts/FilterBar";
import { Loaded } from "../../parts/Loaded";
import { zone } from "../../parts/period";
import { PeriodSelect, useStretch } from "../../parts/PeriodSelect";
import { useFilters } from "../../parts/useFilters";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./OperatePage.module.css";
import { RunChart } from "./RunChart";
import { ByAction, ByTime } from "./RunNumbers";

const words = text.operate.chart;

/** Runs, how they ended and how long they took, by action over time. */
export function Statistics() {
  const api = useApi();
  const go = useNavigate();
  const filters = useFilters(["time", "since", "until", "action"]);
  const action = filters.value("action");
  const seen = useQuery(statisticsQuery(api, { action, ...useStretch(filters.value, "14d") }, zone()));
  const actions = useQuery(actionsQuery(api));
  const runsOf = (part: RunPart): string =>
    `/runs?${new URLSearchParams({ ...(action ? { action } : {}), since: part.start, until: part.end })}`;
  return (
    <div>
      <FilterBar>
        <PeriodSelect label={words.period} value={filters.value} usual="14d" onFilter={filters.set} />
        <Select
          aria-label={words.action}
          placeholder={words.allActions}
          clearable
          data={(actions.data?.items ?? []).map((one) => ({ value: one.name, label: visible(one.title) }))}
          value={action ?? null}
          onChange={(next) => filters.set({ action: next })}
        />
      </FilterBar>
      <Loaded query={seen} lines={8}>
        {(found) => (
          <div className={css.stack}>
            <Section title={words.title} aside={<span className="soft small">{words.lead}</span>} flush>
              {found.whole.runs === 0 ? (
                <Empty title={words.noneTitle}>{words.none}</Empty>
              ) : (
                <>
                  <RunChart seen={found} onPart={(part) => void go(runsOf(part))} />
                  <details className={css.more}>
                    <summary>{words.asTable}</summary>
                    <div className={css.wide}>
                      <ByTime seen={found} to={runsOf} />
                    </div>
                  </details>
                </>
              )}
            </Section>
            {found.actions.length > 0 && (
              <Section title={words.byAction} flush>
                <ByAction seen={found} chosen={action} />
              </Section>
            )}
          </div>
        )}
      </Loaded>
    </div>
  );
}
