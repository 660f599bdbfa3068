import {
  CalendarClock,
  CircleCheck,
  CirclePause,
  CircleSlash,
  Clock,
  Hourglass,
  TimerOff,
} from "lucide-react";
import type { FiringView, ScheduleView } from "../../api/types";
import { runLook, type Look } from "../../states/states";
import { text } from "../../text";

const words = text.schedules;

export const schedulePath = (id: string): string => `/schedules/${encodeURIComponent(id)}`;

const SCHEDULE: Record<ScheduleView["state"], Omit<Look, "word">> = {
  active: { tone: "good", icon: CalendarClock },
  paused: { tone: "attention", icon: CirclePause },
  over: { tone: "stopped", icon: CircleCheck },
};

const FIRING: Record<FiringView["state"], Omit<Look, "word">> = {
  due: { tone: "active", icon: Clock },
  waiting: { tone: "waiting", icon: Hourglass },
  started: { tone: "active", icon: CircleCheck },
  skipped: { tone: "stopped", icon: CircleSlash },
  missed: { tone: "attention", icon: TimerOff },
  refused: { tone: "bad", icon: CircleSlash },
};

export const scheduleLook = ({ state }: ScheduleView): Look => ({
  ...SCHEDULE[state],
  word: words.states[state],
});

/** Of what has begun, how its run is. */
export const firingLook = (firing: FiringView): Look =>
  firing.run_state
    ? runLook(firing.run_state)
    : { ...FIRING[firing.state], word: words.firings[firing.state] };
