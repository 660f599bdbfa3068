import { text } from "../text";
import type { Fault, Problem } from "./types";

/** What the server answered instead of what was asked for (RFC 9457), or that it could not be reached (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly requestId: string | null;
  readonly faults: readonly Fault[];

  constructor(
    problem: Omit<Problem, "request_id" | "errors"> & { request_id: string | null; errors?: Fault[] },
  ) {
    super(problem.detail);
    this.name = "ApiError";
    this.status = problem.status;
    this.type = problem.type;
    this.title = problem.title;
    this.requestId = problem.request_id;
    this.faults = problem.errors ?? [];
  }
}

/** Whether what was asked for may have been done all the same: no answer came, or one that does not say. */
export function isUnsure(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500);
}

const REQUEST_ID_HEADER = "x-request-id";

/** Read an error answer; one that is not problem details (a proxy's page, say) still gets a usable message. */
export function toApiError(body: unknown, response: Response): ApiError {
  const requestId = response.headers.get(REQUEST_ID_HEADER);
  if (isProblem(body)) return new ApiError({ ...body, request_id: body.request_id || requestId });
  return new ApiError({
    type: "about:blank",
    title: text.errors.notOurs.title,
    status: response.status,
    detail: text.errors.notOurs.detail(response.status),
    request_id: requestId,
  });
}

/** The request never got an answer: say so, and that it is not known whether it arrived. */
export function unreachable(): ApiError {
  return new ApiError({
    type: "about:blank",
    title: text.errors.unreachable.title,
    status: 0,
    detail: text.errors.unreachable.detail,
    request_id: null,
  });
}

function isProblem(body: unknown): body is Problem {
  return (
    typeof body === "object" &&
    body !== null &&
    typeof (body as Problem).detail === "string" &&
    typeof (body as Problem).title === "string" &&
    typeof (body as Problem).status === "number"
  );
}
