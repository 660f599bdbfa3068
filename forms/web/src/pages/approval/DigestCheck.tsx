import { useQuery } from "@tanstack/react-query";
import { CircleHelp, ShieldAlert, ShieldCheck } from "lucide-react";
import { Callout } from "../../parts/Basics";
import { Digest } from "../../parts/Json";
import { text } from "../../text";
import { digestOf } from "./digest";

const words = text.approvals;

/** Says whether the document that is shown has the digest that a decision would carry. */
export function DigestCheck({ document, digest }: { document: Record<string, unknown>; digest: string }) {
  const computed = useQuery({
    queryKey: ["digest", digest, document],
    queryFn: () => digestOf(document),
    staleTime: Infinity,
    gcTime: 0,
  });
  const shown = (
    <>
      {" "}
      {words.digest} <Digest value={digest} />
    </>
  );
  if (computed.isPending) return <p className="soft">{words.digestChecking}</p>;
  if (computed.data === null || computed.data === undefined) {
    return (
      <Callout tone="quiet" icon={<CircleHelp size={18} aria-hidden />}>
        {words.digestUnknown}
        {shown}
      </Callout>
    );
  }
  if (computed.data !== digest) {
    return (
      <Callout tone="bad" icon={<ShieldAlert size={18} aria-hidden />} live>
        {words.digestDiffers}
        {shown}
      </Callout>
    );
  }
  return (
    <Callout tone="good" icon={<ShieldCheck size={18} aria-hidden />}>
      {words.digestMatches}
      {shown}
    </Callout>
  );
}
