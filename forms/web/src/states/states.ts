/**
 * One vocabulary for every state, everywhere: an icon, a word and one of seven tones. A tone is one colour per theme,
 * defined once in `app/tokens.css`; colour never stands alone.
 */
import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CircleHelp,
  CircleSlash,
  CircleX,
  Clock,
  Hourglass,
  LoaderCircle,
  Lock,
  Replace,
  Snowflake,
  TimerOff,
  TriangleAlert,
  Undo2,
  UserCheck,
  type LucideIcon,
} from "lucide-react";
import type {
  ApprovalState,
  AttemptState,
  ExternalStatus,
  RunState,
  StepState,
  TaskState,
} from "../api/types";
import { text } from "../text";

export type Tone = "quiet" | "waiting" | "active" | "good" | "bad" | "stopped" | "attention";

export interface Look {
  tone: Tone;
  icon: LucideIcon;
  word: string;
  spins?: boolean;
}

type Looks<State extends string> = Readonly<Record<State, Omit<Look, "word">>>;

const RUN: Looks<RunState> = {
  accepted: { tone: "quiet", icon: CircleDashed },
  waiting_approval: { tone: "waiting", icon: UserCheck },
  waiting_window: { tone: "waiting", icon: Snowflake },
  waiting_lock: { tone: "waiting", icon: Lock },
  running: { tone: "active", icon: LoaderCircle, spins: true },
  cancelling: { tone: "waiting", icon: Hourglass },
  needs_attention: { tone: "attention", icon: TriangleAlert },
  succeeded: { tone: "good", icon: CircleCheck },
  failed: { tone: "bad", icon: CircleX },
  cancelled: { tone: "stopped", icon: Ban },
  rejected: { tone: "bad", icon: CircleSlash },
  expired: { tone: "stopped", icon: TimerOff },
  withdrawn: { tone: "stopped", icon: Undo2 },
  refused: { tone: "bad", icon: CircleSlash },
  superseded: { tone: "stopped", icon: Replace },
};

const STEP: Looks<StepState> = {
  pending: { tone: "quiet", icon: CircleDashed },
  running: RUN.running,
  succeeded: RUN.succeeded,
  failed: RUN.failed,
  cancelled: RUN.cancelled,
  held: RUN.needs_attention,
  skipped: { tone: "stopped", icon: CircleSlash },
};

const ATTEMPT: Looks<AttemptState> = {
  intent: { tone: "quiet", icon: CircleDashed },
  sent: { tone: "active", icon: CircleDot },
  accepted: { tone: "good", icon: CircleCheck },
  rejected: { tone: "bad", icon: CircleX },
  ambiguous: { tone: "attention", icon: CircleHelp },
  absent: { tone: "stopped", icon: CircleSlash },
  held: RUN.needs_attention,
  abandoned: { tone: "stopped", icon: Ban },
  failed: RUN.failed,
};

const EXTERNAL: Looks<ExternalStatus> = {
  queued: { tone: "quiet", icon: Clock },
  waiting: { tone: "waiting", icon: Hourglass },
  running: RUN.running,
  succeeded: RUN.succeeded,
  failed: RUN.failed,
  cancelled: RUN.cancelled,
  skipped: STEP.skipped,
  unknown: { tone: "attention", icon: CircleHelp },
};

const APPROVAL: Looks<ApprovalState> = {
  pending: RUN.waiting_approval,
  approved: { tone: "good", icon: CircleCheck },
  rejected: RUN.rejected,
  expired: RUN.expired,
  superseded: RUN.superseded,
  withdrawn: RUN.withdrawn,
};

const TASK: Looks<TaskState> = {
  open: RUN.waiting_approval,
  done: { tone: "good", icon: CircleCheck },
  failed: RUN.failed,
  expired: RUN.expired,
  withdrawn: RUN.withdrawn,
};

// A state that this page was not built with is shown as what it is: unknown, never as success.
const UNKNOWN: Omit<Look, "word"> = { tone: "attention", icon: CircleHelp };

function look<State extends string>(looks: Looks<State>, words: Record<State, string>, state: State): Look {
  return { ...(looks[state] ?? UNKNOWN), word: words[state] ?? state };
}

export const runLook = (state: RunState): Look => look(RUN, text.states.run, state);
export const stepLook = (state: StepState): Look => look(STEP, text.states.step, state);
export const attemptLook = (state: AttemptState): Look => look(ATTEMPT, text.states.attempt, state);
export const externalLook = (state: ExternalStatus): Look => look(EXTERNAL, text.states.external, state);
export const taskLook = (state: TaskState): Look => look(TASK, text.states.task, state);
export const approvalLook = (state: ApprovalState): Look => look(APPROVAL, text.states.approval, state);

/** States of a run that are not its end. */
const MOVING: ReadonlySet<RunState> = new Set<RunState>([
  "accepted",
  "waiting_approval",
  "waiting_window",
  "waiting_lock",
  "running",
  "cancelling",
  "needs_attention",
]);

export const isMoving = (state: RunState): boolean => MOVING.has(state);
