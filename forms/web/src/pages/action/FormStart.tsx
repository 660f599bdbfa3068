import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useApi } from "../../api/context";
import { runQuery } from "../../api/queries";
import type { ActionView, JsonObject } from "../../api/types";
import { useMe } from "../../app/me";
import { draftOf } from "../../form/draft";
import { prefillFrom } from "../../form/prefill";
import { Loaded } from "../../parts/Loaded";
import { ActionForm } from "./ActionForm";

interface Props {
  action: ActionView;
  entity: string | null;
  search: URLSearchParams;
}

/** What the form begins with: the answers of an earlier run (`?from=r_…`), of the link, of an earlier visit. */
export function FormStart(props: Props) {
  const from = props.search.get("from");
  return from ? <FromRun {...props} from={from} /> : <Begin {...props} from={null} run={{}} />;
}

function FromRun(props: Props & { from: string }) {
  const run = useQuery({ ...runQuery(useApi(), props.from), staleTime: Infinity });
  return <Loaded query={run}>{({ inputs }) => <Begin {...props} run={inputs} />}</Loaded>;
}

function Begin({ action, entity, search, from, run }: Props & { from: string | null; run: JsonObject }) {
  const person = useMe().id;
  const [address] = useState(() => search.toString()); // pages of the form stand in the hash, and are none of it
  const [round, setRound] = useState(0);
  const draft = useMemo(
    () => ({ round, ...draftOf({ person, action: action.name, search: address }) }),
    [person, action.name, address, round],
  );
  const prefill = useMemo(() => prefillFrom(new URLSearchParams(address), run), [address, run]);
  return (
    <ActionForm
      key={round}
      {...{ action, entity, prefill, draft, from }}
      onStartOver={() => {
        draft.forget();
        setRound(round + 1);
      }}
    />
  );
}
