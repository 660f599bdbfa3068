/** The fake API behind Vite's development server, with streams that move: not part of any build. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { FakeApi } from "./api";
import { goingOn, takenBack } from "./runbook";
import { taskOf } from "./tasks";
import { logOf, run } from "./world";

const TICK = 400;

export function middleware() {
  const api = new FakeApi(process.env["FAKE_AS"] ?? null);
  const long = Number(process.env["FAKE_LINES"] ?? 0); // for looking at long logs
  if (long > 0) api.addRun(run("r_long", "succeeded"), logOf(false, long));
  [goingOn(), takenBack()].forEach((one) => api.addRun(one, logOf(false)));
  api.tasks.set("tk_1", taskOf());
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    if (!url.pathname.startsWith("/api/v1/")) return next();
    if (url.pathname.endsWith("/events")) return stream(api, url, response);
    void answer(api, url, request, response);
  };
}

async function answer(
  api: FakeApi,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === "string") headers.set(name, value);
  const method = request.method ?? "GET";
  const body = method === "GET" ? null : Buffer.concat(chunks).toString();
  const answered = await api.fetch(new Request(url, { method, headers, body }));
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.end(await answered.text());
}

function stream(api: FakeApi, url: URL, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  const send = (event: string, data: unknown, id?: number) =>
    response.write(
      `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
    );
  const run = /\/runs\/([^/]+)\/events$/.exec(url.pathname)?.[1];
  let last = Number(url.searchParams.get("after") ?? 0);
  const tick = () => {
    send("ping", {});
    const seen = run && api.runs.get(run);
    if (!run || !seen) return;
    send("run", seen);
    const moving = seen.state === "running";
    const lines = (api.logs.get(run) ?? [])
      .filter((line) => line.number > last)
      .slice(0, moving ? 20 : undefined);
    last = lines.at(-1)?.number ?? last;
    if (lines.length > 0) send("log", { lines, next: last }, last);
    if (!moving && seen.ended_at) {
      send("end", {});
      clearInterval(timer);
    }
  };
  const timer = setInterval(tick, TICK);
  tick();
  response.on("close", () => clearInterval(timer));
}
