/** What the palette offers for what is typed: where one can go, and a few harmless things. It runs no action. */
import { Boxes, CirclePlay, History, Link2, Moon, type LucideIcon } from "lucide-react";
import type { ActionSummary, EntitySummary, RunSummary } from "../api/types";
import { entityPath } from "../api/queries";
import type { Place } from "../app/places";
import { matching } from "../pages/action/filter";
import { visible } from "../parts/textOf";
import { runLook } from "../states/states";
import { text } from "../text";

const words = text.palette;
const MOST = 6; // of one kind, so that every kind is in sight

export interface Command {
  key: string;
  title: string;
  detail: string;
  icon: LucideIcon;
  /** Where it leads; null: it does something here. */
  to: string | null;
  does?: "theme" | "copy";
}

export interface Group {
  title: string;
  commands: Command[];
}

export interface Known {
  places: readonly Place[];
  actions: readonly ActionSummary[];
  runs: readonly RunSummary[];
  entities: readonly EntitySummary[];
}

export function groupsFor(typed: string, known: Known): Group[] {
  const groups = [
    { title: words.places, commands: placesFor(typed, known.places) },
    { title: words.actions, commands: actionsFor(typed, known.actions) },
    { title: words.entities, commands: typed.trim() ? entitiesFor(known.entities) : [] },
    { title: words.runs, commands: runsFor(typed, known.runs) },
    { title: words.here, commands: hereFor(typed) },
  ];
  return groups.filter(({ commands }) => commands.length > 0);
}

/** Every word occurs somewhere in it. */
export function fits(typed: string, ...parts: (string | null)[]): boolean {
  const all = parts.join(" ").toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

function placesFor(typed: string, places: readonly Place[]): Command[] {
  return places
    .filter(({ label }) => fits(typed, label))
    .map(({ to, label, icon }) => ({ key: `place ${to}`, title: label, detail: "", icon, to }));
}

function actionsFor(typed: string, actions: readonly ActionSummary[]): Command[] {
  const found = matching(actions, { q: typed, tags: [], operation: null, mine: true });
  return found.slice(0, MOST).map((action) => ({
    key: `action ${action.name}`,
    title: visible(action.title),
    detail: visible(action.description),
    icon: CirclePlay,
    to: `/actions/${encodeURIComponent(action.name)}`,
  }));
}

function entitiesFor(entities: readonly EntitySummary[]): Command[] {
  return entities.slice(0, MOST).map((entity) => ({
    key: `entity ${entity.ref}`,
    title: visible(entity.title),
    detail: visible(entity.ref),
    icon: Boxes,
    to: entityPath(entity.ref),
  }));
}

/** A run's id leads to it, whether it is among the latest or not. */
function runsFor(typed: string, runs: readonly RunSummary[]): Command[] {
  const id = /^r_\w+$/.exec(typed.trim())?.[0];
  const found = runs.filter((run) => typed.trim() && fits(typed, run.id, run.action_title, run.entity));
  const byId =
    id && !found.some((run) => run.id === id)
      ? [{ key: `run ${id}`, title: id, detail: words.openRun, icon: History, to: runPath(id) }]
      : [];
  return [
    ...byId,
    ...found.slice(0, MOST).map((run) => {
      const look = runLook(run.state);
      return {
        key: `run ${run.id}`,
        title: `${visible(run.action_title)}${run.entity ? ` ${visible(run.entity)}` : ""}`,
        detail: `${look.word}, ${run.id}`,
        icon: look.icon,
        to: runPath(run.id),
      };
    }),
  ];
}

const runPath = (id: string): string => `/runs/${encodeURIComponent(id)}`;

function hereFor(typed: string): Command[] {
  const all: Command[] = [
    { key: "theme", title: words.theme, detail: "", icon: Moon, to: null, does: "theme" },
    { key: "copy", title: words.copy, detail: "", icon: Link2, to: null, does: "copy" },
  ];
  return all.filter(({ title }) => fits(typed, title));
}
