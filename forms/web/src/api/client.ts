/** The one typed door to the API. Everything that the page asks or tells the server goes through here. */
import createClient, { type Client } from "openapi-fetch";
import { toApiError, unreachable } from "./problem";
import type { paths } from "./schema.gen";

export type Api = Client<paths>;

const PERSON = "X-Daytwo-Principal";
const speakers = new WeakMap<Api, string>();

/**
 * From now on each request says who is taken for its sender. One browser has one session: after a sign-in in another
 * window the server refuses what is asked here in the name of who was signed in before.
 */
export function speaksAs(api: Api, principal: string): void {
  speakers.set(api, principal);
}

/** `fetcher` is handed in by tests; the page uses the browser's. Cookies go to our own origin only. */
export function createApi(
  fetcher: (request: Request) => Promise<Response> = (request) => fetch(request),
  baseUrl: string = window.location.origin,
): Api {
  const api = createClient<paths>({ baseUrl, fetch: fetcher, credentials: "same-origin" });
  api.use({
    onRequest: ({ request, schemaPath }) => {
      const person = speakers.get(api);
      if (person && schemaPath !== "/api/v1/me") request.headers.set(PERSON, person);
    },
  });
  return api;
}

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The data of an answer, or an `ApiError` that can be shown as it is. An aborted request stays an AbortError. */
export async function take<Data>(asked: Promise<Answer<Data>>): Promise<NonNullable<Data>> {
  return (await settled(asked)).data as NonNullable<Data>;
}

/** Like `take`, for routes that answer with nothing. */
export async function done(asked: Promise<Answer<unknown>>): Promise<void> {
  await settled(asked);
}

async function settled<Data>(asked: Promise<Answer<Data>>): Promise<Answer<Data>> {
  let answer: Answer<Data>;
  try {
    answer = await asked;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    if (cause instanceof SyntaxError) throw toApiError(null, new Response(null, { status: 502 }));
    throw unreachable();
  }
  if (!answer.response.ok) throw toApiError(answer.error, answer.response);
  return answer;
}
