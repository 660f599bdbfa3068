import { CircleCheck, CirclePause, CircleSlash, Clock, Zap } from "lucide-react";
import type { ReactionView, TriggerView } from "../../api/types";
import { runLook, type Look } from "../../states/states";
import { text } from "../../text";

const words = text.triggers;

export const triggerPath = (id: string): string => `/triggers/${encodeURIComponent(id)}`;
export const eventPath = (id: string): string => `/events/${encodeURIComponent(id)}`;
export const sourceName = (source: string): string => words.sources[source] ?? source;

const REACTION: Record<ReactionView["state"], Omit<Look, "word">> = {
  due: { tone: "active", icon: Clock },
  started: { tone: "active", icon: CircleCheck },
  skipped: { tone: "stopped", icon: CircleSlash },
  refused: { tone: "bad", icon: CircleSlash },
};

export const triggerLook = ({ state }: TriggerView): Look =>
  state === "paused"
    ? { tone: "attention", icon: CirclePause, word: words.states.paused }
    : { tone: "good", icon: Zap, word: words.states.active };

/** Of what has begun, how its run is. */
export const reactionLook = (reaction: ReactionView): Look =>
  reaction.run_state
    ? runLook(reaction.run_state)
    : { ...REACTION[reaction.state], word: words.caused[reaction.state] };
