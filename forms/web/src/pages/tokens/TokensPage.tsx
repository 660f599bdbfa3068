import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../../api/context";
import { tokensQuery } from "../../api/queries";
import type { TokenCreated } from "../../api/types";
import { useMe } from "../../app/me";
import { Callout, Empty, PageHead, Section } from "../../parts/Basics";
import { CopyText } from "../../parts/CopyText";
import { Loaded } from "../../parts/Loaded";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import { EverybodysTokens } from "./EverybodysTokens";
import { NewToken } from "./NewToken";
import { TokenTable } from "./TokenTable";
import css from "./TokensPage.module.css";

const words = text.tokens;

/** `/tokens`: one's own, for the command line and for programs; for those who manage access, everybody's. */
export default function TokensPage() {
  const tokens = useQuery(tokensQuery(useApi()));
  const [created, setCreated] = useState<TokenCreated | null>(null);
  const manages = useMe().permissions.includes("access.manage");
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className={css.stack}>
        {created && (
          <Callout tone="good" title={words.secret} live>
            <CopyText value={created.secret} />
          </Callout>
        )}
        <NewToken onCreated={setCreated} />
        <Section title={words.yours} flush>
          <Loaded query={tokens}>
            {({ items }) =>
              items.length === 0 ? (
                <Empty title={words.none}>{words.noneHint}</Empty>
              ) : (
                <TokenTable caption={words.yours} tokens={items} />
              )
            }
          </Loaded>
        </Section>
        {manages && <EverybodysTokens />}
      </div>
    </>
  );
}
