import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { CircleCheck, CircleX } from "lucide-react";
import { take } from "../../api/client";
import { useApi } from "../../api/context";
import type { AuditVerification } from "../../api/types";
import { Callout } from "../../parts/Basics";
import { ProblemNote } from "../../parts/Problem";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./AuditPage.module.css";

const words = text.audit.verify;

/** Lets the server walk the whole chain, and says what came of it. */
export function Verify() {
  const api = useApi();
  const verify = useMutation({ mutationFn: () => take(api.POST("/api/v1/audit/verify")) });
  return (
    <div className={css.verify}>
      <Button variant="default" loading={verify.isPending} onClick={() => verify.mutate()}>
        {words.verb}
      </Button>
      <div role="status">
        {verify.isPending && <p className="soft small">{words.walking}</p>}
        {verify.data && <Found found={verify.data} />}
      </div>
      {verify.error && <ProblemNote error={verify.error} />}
    </div>
  );
}

function Found({ found }: { found: AuditVerification }) {
  if (!found.holds)
    return (
      <Callout tone="bad" icon={<CircleX size={18} aria-hidden />} title={words.broken(found.broken_at ?? 0)}>
        <p>{visible(found.what ?? "")}</p>
        <p>{words.brokenNext}</p>
      </Callout>
    );
  return (
    <Callout
      tone="good"
      icon={<CircleCheck size={18} aria-hidden />}
      title={words.holds(found.first, found.last, found.seconds)}
    >
      <p>
        {found.outside > 0 ? words.outside(found.outside, found.sealed) : words.onlyInside(found.checkpoints)}
      </p>
      {found.unchecked > 0 && <p>{words.unchecked(found.unchecked)}</p>}
    </Callout>
  );
}
