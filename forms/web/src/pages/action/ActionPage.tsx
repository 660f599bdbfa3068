import { useQuery } from "@tanstack/react-query";
import { Ban } from "lucide-react";
import { useParams, useSearchParams } from "react-router";
import { useApi } from "../../api/context";
import { actionQuery } from "../../api/queries";
import type { ActionView } from "../../api/types";
import { Callout, EntityLink, PageHead } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { visible } from "../../parts/textOf";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import { About } from "./About";
import css from "./ActionPage.module.css";
import { EntityChooser } from "./EntityChooser";
import { FormStart } from "./FormStart";

/** `/actions/deploy?entity=service:shop&version=1.2.0`: the form, then what will happen, then the run. */
export default function ActionPage() {
  const { name = "" } = useParams();
  const [search] = useSearchParams();
  const entity = search.get("entity");
  const action = useQuery(actionQuery(useApi(), name, entity));
  useTitle(action.data?.title);
  return (
    <Loaded query={action} page>
      {(found) => <Asked action={found} entity={entity} search={search} />}
    </Loaded>
  );
}

function Asked({
  action,
  entity,
  search,
}: {
  action: ActionView;
  entity: string | null;
  search: URLSearchParams;
}) {
  return (
    <>
      <PageHead
        title={visible(action.title)}
        back={{ to: "/actions", label: text.actions.title }}
        lead={
          <>
            {visible(action.description)} {entity && <EntityLink entity={entity} />}
          </>
        }
      />
      <div className={css.columns}>
        <div>
          <Next action={action} entity={entity} search={search} />
        </div>
        <aside>
          <About action={action} />
        </aside>
      </div>
    </>
  );
}

function Next({
  action,
  entity,
  search,
}: {
  action: ActionView;
  entity: string | null;
  search: URLSearchParams;
}) {
  if (!action.may_run.allowed) {
    return (
      <Callout tone="stopped" icon={<Ban size={18} aria-hidden />} title={text.actions.notYou}>
        {visible(action.may_run.why_not ?? "")}
      </Callout>
    );
  }
  if (action.target_kind && !entity) return <EntityChooser kind={action.target_kind} />;
  // Another entity is another form: nothing typed for one may end up in the other's.
  return <FormStart key={`${action.name} ${entity}`} action={action} entity={entity} search={search} />;
}
