import type { Source } from "../src/api/events";

/** An EventSource whose other end is the test. */
export class FakeSource implements Source {
  readyState = 1;
  closed = false;
  private readonly listeners = new Map<string, ((event: Event) => void)[]>();

  constructor(readonly url: string) {}

  addEventListener(type: string, listener: (event: Event) => void): void {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
  }

  close(): void {
    this.closed = true;
  }

  send(type: string, data: unknown = null): void {
    const event = new MessageEvent(type, { data: JSON.stringify(data) });
    for (const listener of this.listeners.get(type) ?? []) listener(event);
  }

  /** As the browser does when the server answered with an error: it gives up. */
  fail(): void {
    this.readyState = 2;
    for (const listener of this.listeners.get("error") ?? []) listener(new Event("error"));
  }
}
