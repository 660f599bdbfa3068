/**
 * Keeps a form and the server's view of it together. What somebody typed is theirs: no answer of the server takes it
 * away. Each change asks the server again after a pause; an answer to older questions is thrown away.
 */
import type { Fault, FormView, JsonObject } from "../api/types";
import { coerce, type Prefill } from "./prefill";

export const PAUSE = 250;

export type Progress = "loading" | "settled" | "checking" | "failed";

export interface Snapshot {
  view: FormView | null;
  /** What the fields show: the server's data, over it what was typed. */
  shown: JsonObject;
  progress: Progress;
  problem: unknown;
  /** Fields that were filled in by a link and not changed since. */
  fromLink: ReadonlySet<string>;
  /** What the link also named, and no field of the form has taken. */
  leftOver: readonly string[];
  /** The definition has changed since the form was opened. */
  versionChanged: boolean;
  /** Answers of an earlier visit are here again. */
  restored: boolean;
}

export type Resolve = (answers: JsonObject, signal: AbortSignal) => Promise<FormView>;

export class FormResolution {
  private readonly answers = new Map<string, unknown>();
  private pending: Map<string, unknown>;
  /** Fields that were a secret whenever they were shown. */
  private readonly secrets = new Set<string>();
  private question = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private abort: AbortController | undefined;
  private waiters: { resolve: (view: FormView) => void; reject: (problem: unknown) => void }[] = [];
  private readonly listeners = new Set<() => void>();
  private snapshot: Snapshot;

  constructor(
    private readonly resolve: Resolve,
    prefill: Prefill = new Map(),
    draft: JsonObject = {},
  ) {
    this.pending = new Map(prefill);
    for (const [key, value] of Object.entries(draft)) this.answers.set(key, value);
    this.snapshot = {
      view: null,
      shown: {},
      progress: "loading",
      problem: null,
      fromLink: new Set(),
      leftOver: [],
      versionChanged: false,
      restored: this.answers.size > 0,
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly current = (): Snapshot => this.snapshot;

  /** What is submitted: answers to fields that the server shows now. */
  inputs(): JsonObject {
    const asked = this.snapshot.view ? fieldsOf(this.snapshot.view) : new Map();
    return Object.fromEntries(
      Object.entries(this.snapshot.shown).filter(([key, value]) => asked.has(key) && value !== undefined),
    );
  }

  /** What may be kept for another visit: everything that was answered, and no secret. */
  draft(): JsonObject {
    return Object.fromEntries(
      [...this.answers].filter(([key, value]) => value !== undefined && !this.secrets.has(key)),
    );
  }

  /** Ask now. Also called for the first look and after a failure. */
  ask(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    const question = ++this.question;
    this.update({ progress: this.snapshot.view ? "checking" : "loading", problem: null });
    this.resolve(sendable(this.answers), abort.signal).then(
      (view) => question === this.question && this.answer(view),
      (problem: unknown) => question === this.question && this.fail(problem),
    );
  }

  /** Some fields were changed. `values` holds every field of the page that is shown. */
  change(values: JsonObject): void {
    const changed = Object.keys(values).filter((key) => !same(values[key], this.snapshot.shown[key]));
    if (changed.length === 0) return;
    const fromLink = new Set(this.snapshot.fromLink);
    for (const key of changed) {
      this.answers.set(key, values[key]);
      fromLink.delete(key);
    }
    this.askSoon();
    this.update({ shown: { ...this.snapshot.shown, ...values }, fromLink, progress: this.waitingProgress() });
  }

  /** A field was left. One that was emptied takes the server's default again, where there is one. */
  leave(field: string): void {
    if (!this.answers.has(field) || this.answers.get(field) !== undefined) return;
    this.answers.delete(field);
    const fallback = this.snapshot.view?.data[field];
    if (fallback !== undefined && fallback !== null) {
      this.update({ shown: { ...this.snapshot.shown, [field]: fallback } });
    }
  }

  /** The server's view of exactly what is typed now. Fails as the question failed. */
  settled(): Promise<FormView> {
    if (this.snapshot.progress === "settled" && this.snapshot.view)
      return Promise.resolve(this.snapshot.view);
    const promise = new Promise<FormView>((resolve, reject) => this.waiters.push({ resolve, reject }));
    if (this.timer !== undefined || this.snapshot.progress === "failed") this.ask();
    return promise;
  }

  close(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.question += 1;
  }

  private askSoon(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.question += 1; // what is under way was asked about older answers
    this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  private waitingProgress(): Progress {
    return this.snapshot.view ? "checking" : "loading";
  }

  private answer(view: FormView): void {
    for (const [key, schema] of fieldsOf(view)) if (schema["writeOnly"] === true) this.secrets.add(key);
    const filled = this.fillFromLink(view);
    const first = this.snapshot.view;
    this.update({
      view,
      shown: this.overlay(view),
      fromLink: new Set([...this.snapshot.fromLink, ...filled]),
      leftOver: [...this.pending.keys()],
      versionChanged: this.snapshot.versionChanged || (first !== null && first.version !== view.version),
      progress: "settled",
    });
    if (filled.length > 0) return this.ask();
    for (const waiter of this.waiters.splice(0)) waiter.resolve(view);
  }

  private fail(problem: unknown): void {
    this.update({ progress: "failed", problem });
    for (const waiter of this.waiters.splice(0)) waiter.reject(problem);
  }

  private overlay(view: FormView): JsonObject {
    // Unanswered is null on the wire; a field shows it as empty.
    const shown: JsonObject = Object.fromEntries(
      Object.entries(view.data).filter(([, value]) => value !== null),
    );
    for (const key of fieldsOf(view).keys()) if (this.answers.has(key)) shown[key] = this.answers.get(key);
    return shown;
  }

  /** Gives what the link brought to the fields that are there now; a field that appears later takes its part then. */
  private fillFromLink(view: FormView): string[] {
    const filled: string[] = [];
    for (const [key, schema] of fieldsOf(view)) {
      const written = this.pending.get(key);
      if (written === undefined || schema["writeOnly"] === true) continue; // a secret does not belong into an address
      this.pending.delete(key);
      if (this.answers.has(key)) continue;
      this.answers.set(key, coerce(written, schema));
      filled.push(key);
    }
    return filled;
  }

  private update(change: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    for (const listener of this.listeners) listener();
  }
}

/** Every field of every page with its schema. */
export function fieldsOf(view: FormView): Map<string, JsonObject> {
  const fields = new Map<string, JsonObject>();
  for (const page of view.pages) {
    for (const [key, schema] of Object.entries((page.form_schema["properties"] ?? {}) as JsonObject)) {
      fields.set(key, (schema ?? {}) as JsonObject);
    }
  }
  return fields;
}

/** The first part of a fault's pointer: the field it is about. Pointers may or may not begin at `/inputs`. */
export function fieldOfFault(fault: Fault, fields: ReadonlyMap<string, unknown>): string | undefined {
  const parts = fault.pointer.split("/").slice(1);
  const field =
    parts[0] === "inputs" || parts[0] === "answers" || parts[0] === "data"
      ? (parts[1] ?? parts[0])
      : parts[0];
  if (field !== undefined && fields.has(field)) return field;
  return parts[0] !== undefined && fields.has(parts[0]) ? parts[0] : undefined;
}

/** An emptied field is unanswered; in JSON that is its absence. */
function sendable(answers: ReadonlyMap<string, unknown>): JsonObject {
  return Object.fromEntries([...answers].filter(([, value]) => value !== undefined));
}

function same(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
