import { useEffect, useState } from "react";

/** One clock for everybody who looks as often: a list of a thousand runs has one timer and not a thousand. */
class Clock {
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly every: number) {}

  readonly listen = (listener: () => void): (() => void) => {
    if (this.listeners.size === 0) this.timer = setInterval(() => this.tick(), this.every);
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) clearInterval(this.timer);
    };
  };

  private tick(): void {
    for (const listener of this.listeners) listener();
  }
}

const clocks = new Map<number, Clock>();

function clockOf(every: number): Clock {
  const known = clocks.get(every) ?? new Clock(every);
  clocks.set(every, known);
  return known;
}

/** The time, renewed every `every` milliseconds while somebody needs it. */
export function useNow(every: number, active = true): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => (active ? clockOf(every).listen(() => setNow(Date.now())) : undefined), [every, active]);
  return now;
}
