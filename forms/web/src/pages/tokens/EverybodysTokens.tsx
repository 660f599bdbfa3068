import { useInfiniteQuery } from "@tanstack/react-query";
import { useApi } from "../../api/context";
import { everybodysTokensQuery } from "../../api/queries";
import { Empty, Section } from "../../parts/Basics";
import { Loaded } from "../../parts/Loaded";
import { MoreButton } from "../../parts/MoreButton";
import { text } from "../../text";
import { TokenTable } from "./TokenTable";

const words = text.tokens;

/** For those who manage access. */
export function EverybodysTokens() {
  const found = useInfiniteQuery(everybodysTokensQuery(useApi()));
  return (
    <Section title={words.everybodys} flush>
      <Loaded query={found}>
        {({ pages }) => {
          const tokens = pages.flatMap((page) => page.items);
          if (tokens.length === 0) return <Empty title={words.nobodys}>{words.noneHint}</Empty>;
          return <TokenTable caption={words.everybodys} tokens={tokens} owners />;
        }}
      </Loaded>
      <MoreButton query={found} />
    </Section>
  );
}
