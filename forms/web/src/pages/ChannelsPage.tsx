import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleHelp, CircleX } from "lucide-react";
import { take } from "../api/client";
import { useApi } from "../api/context";
import { channelsQuery } from "../api/queries";
import type { ChannelView } from "../api/types";
import { Callout, Empty, Facts, PageHead, Section } from "../parts/Basics";
import css from "../parts/Layout.module.css";
import { Loaded } from "../parts/Loaded";
import { ProblemNote } from "../parts/Problem";
import { visible } from "../parts/textOf";
import { When } from "../parts/Times";
import { useTitle } from "../parts/title";
import type { Look } from "../states/states";
import { StateBadge } from "../states/StateBadge";
import { text } from "../text";

const words = text.channels;

/** `/channels`: by what people are told, and whether it was taken. Never an address: it is a secret. */
export default function ChannelsPage() {
  const channels = useQuery({ ...channelsQuery(useApi()), refetchInterval: 30_000 });
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <Loaded query={channels} page>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={words.noneTitle}>{words.none}</Empty>
          ) : (
            <div className={css.stack}>
              {items.map((one) => (
                <Channel key={one.name} channel={one} />
              ))}
            </div>
          )
        }
      </Loaded>
    </>
  );
}

function lookOf(channel: ChannelView): Look {
  if (channel.last_error) return { tone: "bad", icon: CircleX, word: words.states.refuses };
  if (!channel.last_at) return { tone: "quiet", icon: CircleHelp, word: words.states.unknown };
  return { tone: "good", icon: CircleCheck, word: words.states.takes };
}

function Channel({ channel }: { channel: ChannelView }) {
  return (
    <Section title={visible(channel.name)} aside={<StateBadge look={lookOf(channel)} />}>
      <div className={css.form}>
        {channel.last_error && (
          <Callout tone="bad" icon={<CircleX size={18} aria-hidden />} title={words.lastError}>
            {visible(channel.last_error)}
          </Callout>
        )}
        <Facts
          facts={[
            [words.kind, words.kinds[channel.kind]],
            [words.address, <code key="address">{visible(channel.address)}</code>],
            [words.last, channel.last_at ? <When key="last" at={channel.last_at} /> : words.never],
            [words.rate, words.perMinute(channel.per_minute)],
          ]}
        />
        <Try channel={channel} />
      </div>
    </Section>
  );
}

/** One message, now, to whoever presses; it stands in the audit. */
function Try({ channel }: { channel: ChannelView }) {
  const api = useApi();
  const queries = useQueryClient();
  const test = useMutation({
    mutationFn: () =>
      take(api.POST("/api/v1/channels/{name}/test", { params: { path: { name: channel.name } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["channels"] }),
  });
  return (
    <>
      <div>
        <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          {words.test}
        </Button>
      </div>
      <div role="status">
        {test.data && (
          <Callout tone={test.data.taken ? "good" : "bad"}>
            {test.data.taken ? words.taken : words.notTaken(visible(test.data.why ?? ""))}
          </Callout>
        )}
      </div>
      {test.error && <ProblemNote error={test.error} />}
    </>
  );
}
