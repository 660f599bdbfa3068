import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { useNavigate } from "react-router";
import { useApi } from "../api/context";
import { actionsQuery, entitiesQuery, runsQuery } from "../api/queries";
import { useMe } from "../app/me";
import { MAIN, OPERATE } from "../app/places";
import { ProblemNote } from "../parts/Problem";
import { text } from "../text";
import { fits, groupsFor, type Command, type Group } from "./commands";
import css from "./Palette.module.css";

const words = text.palette;
const LIST = "palette-list";
const optionId = (index: number): string => `palette-${index}`;

/** One box for going anywhere: pages, actions, entities, runs. The browser's own dialog, as in `Confirm`. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const { groups, busy, error, again } = useGroups(typed);
  const commands = groups.flatMap((group) => group.commands);
  const act = useAct(onClose);
  // Before it is taken out of the document: only what is in it gives the focus back when it closes.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  useEffect(() => {
    document.getElementById(optionId(at))?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const onKey = (event: KeyboardEvent) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move && commands.length > 0) {
      event.preventDefault();
      setAt((before) => (Math.min(before, commands.length - 1) + move + commands.length) % commands.length);
    }
    const chosen = commands[Math.min(at, commands.length - 1)];
    if (event.key === "Enter" && chosen) {
      event.preventDefault();
      act(chosen);
    }
  };
  return (
    // A press beside the box closes it; Escape does, too, and needs no handler.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events
    <dialog
      ref={dialog}
      className={css.dialog}
      aria-label={words.title}
      onCancel={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className={css.box}>
        <Search size={18} aria-hidden />
        <input
          className={css.input}
          role="combobox"
          aria-label={words.title}
          aria-expanded={commands.length > 0}
          aria-controls={LIST}
          aria-activedescendant={
            commands.length > 0 ? optionId(Math.min(at, commands.length - 1)) : undefined
          }
          aria-autocomplete="list"
          autoComplete="off"
          spellCheck={false}
          placeholder={words.placeholder}
          // It was opened to type into.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
      </div>
      <div id={LIST} role="listbox" aria-label={words.title} className={css.list}>
        <Groups groups={groups} at={Math.min(at, commands.length - 1)} onAct={act} />
      </div>
      {/* A region that is there before: what comes into it is read out. */}
      <div role="status">
        {commands.length === 0 && !error && <p className={css.none}>{busy ? words.looking : words.none}</p>}
      </div>
      {error && <ProblemNote error={error} retry={again} />}
    </dialog>
  );
}

function Groups({
  groups,
  at,
  onAct,
}: {
  groups: readonly Group[];
  at: number;
  onAct: (command: Command) => void;
}) {
  const before = groups.map((_, index) =>
    groups.slice(0, index).reduce((sum, { commands }) => sum + commands.length, 0),
  );
  return groups.map((group, index) => (
    <div key={group.title} role="group" aria-label={group.title}>
      <p className={css.title} aria-hidden>
        {group.title}
      </p>
      {group.commands.map((command, place) => {
        const number = (before[index] ?? 0) + place;
        return (
          // The keyboard is the box's: it says by aria-activedescendant where it is.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
          <div
            key={command.key}
            id={optionId(number)}
            role="option"
            aria-selected={number === at}
            className={css.option}
            onClick={() => onAct(command)}
          >
            <command.icon size={16} aria-hidden />
            <span className={css.words}>
              <span>{command.title}</span>
              {command.detail && <span className={css.detail}>{command.detail}</span>}
            </span>
          </div>
        );
      })}
    </div>
  ));
}

interface Offered {
  groups: Group[];
  /** Something is still asked for; what is not found may yet be. */
  busy: boolean;
  /** Why something could not be looked for, so that what is not found may be there all the same. */
  error: Error | null;
  again: () => void;
}

function useGroups(typed: string): Offered {
  const api = useApi();
  const [asked] = useDebouncedValue(typed.trim(), 150);
  const { permissions } = useMe();
  const places = [...MAIN, ...OPERATE].filter(({ needs }) => !needs || permissions.includes(needs));
  const actions = useQuery(actionsQuery(api));
  const runs = useInfiniteQuery(runsQuery(api, {}));
  const entities = useInfiniteQuery({
    ...entitiesQuery(api, { kind: null, text: asked }),
    enabled: asked !== "",
  });
  const found = asked === "" ? [] : (entities.data?.pages[0]?.items ?? []);
  const outdated = asked !== typed.trim() || entities.isPlaceholderData;
  const all = [actions, runs, ...(asked === "" ? [] : [entities])];
  const groups = groupsFor(typed, {
    places,
    actions: actions.data?.items ?? [],
    runs: runs.data?.pages[0]?.items ?? [],
    // Enter takes what stands first: nothing that answers what was typed before.
    entities: outdated ? found.filter((entity) => fits(typed, entity.title, entity.ref)) : found,
  });
  return {
    groups,
    busy: outdated || all.some((one) => one.isLoading),
    error: all.find((one) => one.error)?.error ?? null,
    again: () => all.filter((one) => one.error).forEach((one) => void one.refetch()),
  };
}

function useAct(onClose: () => void): (command: Command) => void {
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  return (command) => {
    onClose();
    if (command.to !== null) void navigate(command.to);
    if (command.does === "theme") setColorScheme(scheme === "dark" ? "light" : "dark");
    if (command.does === "copy") void navigator.clipboard.writeText(window.location.href);
  };
}
