/**
 * Reads a sealed plan (`daytwo_actions.plan.model.Plan`) for people. A document of another shape reads as null and is
 * then shown name by name: nothing of a plan is ever left out because this page does not know it.
 */
import type { JsonObject } from "../api/types";

export interface SealedStep {
  path: string;
  uses: string;
  project: string;
  pipeline: string;
  ref: string;
  commit: string;
  inputs: JsonObject;
  /** Inputs that approvers fill in, as they are written, and what else they name. */
  holes: { name: string; value: unknown; given: JsonObject }[];
  /** Inputs that the pipeline does not declare by name: they travel together as JSON in one. */
  packed: string[];
  /** Files of other projects that the pipeline takes, with what they were: compared again before it is sent. */
  held: string[];
  /** What the pipeline takes from elsewhere that could not be read: nothing holds it still. */
  loose: string[];
  /** Secret inputs that its pipeline may collect. */
  secrets: string[];
  /** Null as long as some of its inputs are open: approvers, or earlier steps, fill them in. */
  request: { method: string; path: string; sha256: string; body: string } | null;
  /** What stands there besides: what it needs, when it is skipped, what is filled in later … */
  more: JsonObject;
}

/** A step that is no dispatch: nothing of it is left out because this page does not know its kind. */
export interface SealedKind {
  path: string;
  kind: string;
  more: JsonObject;
}

export interface SealedWrite {
  ref: string;
  properties: JsonObject;
  relations: JsonObject;
}

export interface Sealed {
  /** Its keys; none when other runs may go on at the same time. */
  locks: string[];
  steps: (SealedStep | SealedKind)[];
  writes: SealedWrite[];
  /** Catalog values that were read for the plan, by their dotted names. */
  read: JsonObject;
  /** In the middle of a run: what earlier steps have left, and what the step that asks was given of it. */
  results: JsonObject;
  filled: JsonObject;
  /** What takes it back when it fails, what then cannot be taken back, and which of both happens. */
  undo: (SealedStep | SealedKind)[];
  stays: string[];
  onError: "stop" | "undo" | "ask";
  /** Whatever else stands there and not elsewhere: what it goes on with, what asked for it, an emergency … */
  more: JsonObject;
}

/** What is shown somewhere by itself, or says nothing to people. */
const KNOWN = [
  ...["v", "run", "action", "requester", "entity", "inputs", "secrets", "read", "lock", "approval", "steps"],
  ...["catalog", "results", "filled", "at", "undo", "stays", "on_error"],
];

export function readSealed(plan: JsonObject): Sealed | null {
  const { v, lock, steps, catalog, read } = plan;
  if (v !== 1 || !Array.isArray(steps) || !Array.isArray(catalog)) return null;
  const readSteps = steps.map(readStep);
  const writes = catalog.map(readWrite);
  const undo = (Array.isArray(plan["undo"]) ? plan["undo"] : []).map(readStep);
  if (readSteps.includes(null) || writes.includes(null) || undo.includes(null)) return null;
  const onError = plan["on_error"];
  return {
    locks: keysOf(lock),
    steps: readSteps as (SealedStep | SealedKind)[],
    writes: writes as SealedWrite[],
    read: isObject(read) ? read : {},
    results: isObject(plan["results"]) ? plan["results"] : {},
    filled: isObject(plan["filled"]) ? plan["filled"] : {},
    undo: undo as (SealedStep | SealedKind)[],
    stays: Array.isArray(plan["stays"]) ? plan["stays"].map(String) : [],
    onError: onError === "undo" || onError === "ask" ? onError : "stop",
    more: Object.fromEntries(
      Object.entries(plan).filter(([name, value]) => !KNOWN.includes(name) && value !== null),
    ),
  };
}

/** One key as text, or several in an object. */
function keysOf(lock: unknown): string[] {
  if (typeof lock === "string") return [lock];
  return isObject(lock) && Array.isArray(lock["keys"]) ? lock["keys"].map(String) : [];
}

function packedOf(inputs: JsonObject, byName: unknown): string[] {
  if (!Array.isArray(byName)) return [];
  return Object.keys(inputs).filter((name) => inputs[name] !== null && !byName.includes(name));
}

const SHOWN = [
  "path",
  "uses",
  "project",
  "pipeline",
  "ref",
  "pinned",
  "inputs",
  "secrets",
  "request",
  "given",
  "holes",
];

/** The rest of a step, and of one that is no dispatch what it was given. */
function moreOf(step: JsonObject): JsonObject {
  const rest = Object.entries(step).filter(([name]) => !SHOWN.includes(name));
  return { ...(isObject(step["given"]) ? step["given"] : {}), ...Object.fromEntries(rest) };
}

function readStep(step: unknown): SealedStep | SealedKind | null {
  if (!isObject(step)) return null;
  if (isObject(step["given"]))
    return { path: String(step["path"]), kind: String(step["uses"]), more: moreOf(step) };
  if (!isObject(step["pinned"]) || !isObject(step["inputs"])) return null;
  if (step["request"] !== null && !isObject(step["request"])) return null;
  const { pinned, request, inputs } = step as Record<string, JsonObject | null | undefined>;
  const holes = isObject(step["holes"]) ? step["holes"] : {};
  return {
    more: moreOf(step),
    path: String(step["path"]),
    uses: String(step["uses"]),
    project: String(step["project"]),
    pipeline: String(step["pipeline"]),
    ref: String(step["ref"]),
    commit: String(pinned?.["commit"]),
    inputs: inputs ?? {},
    holes: Object.entries(holes).map(([name, hole]) => ({
      name,
      value: isObject(hole) ? hole["value"] : hole,
      given: isObject(hole) && isObject(hole["given"]) ? hole["given"] : {},
    })),
    packed: packedOf({ ...inputs, ...holes }, pinned?.["by_name"]),
    secrets: Array.isArray(step["secrets"]) ? step["secrets"].map(String) : [],
    held: Array.isArray(pinned?.["held"]) ? pinned["held"].map(String) : [],
    loose: Array.isArray(pinned?.["loose"]) ? pinned["loose"].map(String) : [],
    request: request
      ? {
          method: String(request["method"]),
          path: String(request["path"]),
          sha256: String(request["sha256"]),
          body: String(request["body"]),
        }
      : null,
  };
}

function readWrite(write: unknown): SealedWrite | null {
  if (!isObject(write) || !isObject(write["properties"]) || !isObject(write["relations"])) return null;
  return {
    ref: `${String(write["kind"])}:${String(write["name"])}`,
    properties: write["properties"],
    relations: write["relations"],
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
