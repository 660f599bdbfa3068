/**
 * Server-sent events, typed by hand once: OpenAPI has no words for them.
 *
 * `GET /api/v1/runs/{id}/events`  run, log (its id is the number of the last line), ping every 5 s, end
 * `GET /api/v1/events`            runs, approvals (hints to look again), ping
 *
 * Where nothing arrives for `SILENCE`, a proxy is probably holding the stream back: the watcher then polls and says so,
 * and tries the stream again from time to time. A page that nobody looks at gives its connection back after `HIDDEN`,
 * because browsers allow six per host, and polls slowly instead: nothing is wrong then, and nothing is said. What has
 * ended says so in the stream; where that is held back, whoever sees it in an answer calls `finish`.
 */
import type { LogBatch, RunView } from "./types";

export const SILENCE = 10_000;
export const POLL = 3_000;
export const POLL_HIDDEN = 15_000;
export const RETRY = 30_000;
export const HIDDEN = 60_000;

export interface RunEvents {
  run: RunView;
  log: LogBatch;
  end: unknown;
}

export interface Hint {
  id: string;
}

export interface ListEvents {
  runs: Hint;
  approvals: Hint;
  freezes: Hint;
}

/** What is used of the browser's EventSource, so that tests can hand in their own. */
export interface Source {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: Event) => void): void;
  close(): void;
}

export type OpenSource = (url: string) => Source;
export const openEventSource: OpenSource = (url) => new EventSource(url);

/** `polling`: the stream is held back. `resting`: nobody looks. */
export type Mode = "connecting" | "live" | "polling" | "resting" | "ended";

const CLOSED = 2;

export interface WatchOptions<Events> {
  /** Asked anew for each connection, so that it can say what is known already. */
  url: () => string;
  open: OpenSource;
  on: { [Name in keyof Events]?: (data: Events[Name]) => void };
  /** Looks again without the stream. */
  poll: () => void;
  onMode: (mode: Mode) => void;
  page?: Pick<Document, "hidden" | "addEventListener" | "removeEventListener">;
}

/** One stream with its watchdog. `close` it when nobody looks any more. */
export class Watch<Events extends object> {
  private source: Source | null = null;
  private mode: Mode = "connecting";
  private silence: ReturnType<typeof setTimeout> | undefined;
  private polling: ReturnType<typeof setInterval> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  /** Held back when the page began to rest. */
  private held = false;
  private closed = false;

  constructor(private readonly options: WatchOptions<Events>) {
    this.page.addEventListener("visibilitychange", this.onVisibility);
    this.connect();
  }

  close(): void {
    this.closed = true;
    this.page.removeEventListener("visibilitychange", this.onVisibility);
    this.stop();
    clearTimeout(this.hiding);
  }

  /** Nothing will come any more. */
  finish(): void {
    if (this.closed) return;
    this.stop();
    clearTimeout(this.hiding);
    this.setMode("ended");
  }

  private get page() {
    return this.options.page ?? document;
  }

  private connect(): void {
    this.disconnect();
    const source = this.options.open(this.options.url());
    this.source = source;
    for (const name of ["ping", "end", ...Object.keys(this.options.on)]) {
      source.addEventListener(name, (event) => {
        if (source === this.source) this.receive(name, event);
      });
    }
    let opened = false;
    source.addEventListener("open", () => {
      // Connected anew by the browser itself: hints of the time between were for nobody.
      if (opened && source === this.source) this.options.poll();
      opened = true;
    });
    source.addEventListener("error", () => {
      // While it says "connecting" the browser retries by itself; closed means that it has given up.
      if (source === this.source && source.readyState === CLOSED) this.fallBack();
    });
    this.expectSomething();
  }

  private receive(name: string, event: Event): void {
    if (this.mode !== "live" && name !== "end") {
      this.stopPolling();
      this.setMode("live");
    }
    this.expectSomething();
    const listener = this.options.on[name as keyof Events];
    if (listener)
      listener(JSON.parse((event as MessageEvent<string>).data || "null") as Events[keyof Events]);
    if (name === "end") this.finish();
  }

  private expectSomething(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.fallBack(), SILENCE);
  }

  private fallBack(): void {
    this.disconnect();
    this.setMode("polling");
    this.poll(POLL);
    this.retry = setTimeout(() => this.connect(), RETRY);
  }

  private rest(): void {
    this.held = this.mode === "polling";
    this.disconnect();
    this.setMode("resting");
    this.poll(POLL_HIDDEN);
  }

  /** Somebody looks again. */
  private wake(): void {
    if (this.mode === "resting") {
      this.stopPolling();
      this.setMode(this.held ? "polling" : "connecting");
    }
    if (this.mode === "polling") this.poll(POLL);
    else this.options.poll();
    this.connect();
  }

  private poll(every: number): void {
    this.stopPolling();
    this.options.poll();
    this.polling = setInterval(this.options.poll, every);
  }

  private readonly onVisibility = (): void => {
    clearTimeout(this.hiding);
    if (this.mode === "ended" || this.closed) return;
    if (this.page.hidden) this.hiding = setTimeout(() => this.rest(), HIDDEN);
    else if (this.mode === "polling" || this.mode === "resting") this.wake();
  };

  private setMode(mode: Mode): void {
    if (mode === this.mode) return;
    this.mode = mode;
    this.options.onMode(mode);
  }

  private disconnect(): void {
    clearTimeout(this.silence);
    this.source?.close();
    this.source = null;
  }

  private stopPolling(): void {
    clearInterval(this.polling);
    clearTimeout(this.retry);
  }

  private stop(): void {
    this.disconnect();
    this.stopPolling();
  }
}
