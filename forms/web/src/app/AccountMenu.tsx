import { Popover, UnstyledButton, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Cable, KeyRound, LogOut, Monitor, Moon, Sun, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { done, take } from "../api/client";
import { useApi } from "../api/context";
import type { Me } from "../api/types";
import { text } from "../text";
import css from "./AccountMenu.module.css";
import { leaves } from "./identity";

const SCHEMES: readonly [MantineColorScheme, string, LucideIcon][] = [
  ["auto", text.account.auto, Monitor],
  ["light", text.account.light, Sun],
  ["dark", text.account.dark, Moon],
];

/** Who one is taken for, the colours of the page, and the way out. */
export function AccountMenu({ me }: { me: Me }) {
  const [open, setOpen] = useState(false);
  const groups = me.groups.join(", ") || text.account.noGroups;
  return (
    <Popover
      opened={open}
      onChange={setOpen}
      position="top-start"
      width={240}
      trapFocus
      returnFocus
      withinPortal={false}
      transitionProps={{ duration: 0 }}
    >
      <Popover.Target>
        <UnstyledButton
          className={css.account}
          aria-label={text.account.menu(me.name)}
          onClick={() => setOpen((before) => !before)}
        >
          <span className={css.initial} aria-hidden>
            {me.name.charAt(0).toUpperCase()}
          </span>
          <span className={css.words}>
            <span className={css.name}>{me.name}</span>
            <span className={css.groups}>{groups}</span>
          </span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className={css.menu} aria-label={text.account.menu(me.name)}>
        <p className={css.label}>
          {text.account.groups}: {groups}
        </p>
        <Link to="/connections" className={css.item} onClick={() => setOpen(false)}>
          <Cable size={16} aria-hidden /> {text.nav.connections}
        </Link>
        <Link to="/tokens" className={css.item} onClick={() => setOpen(false)}>
          <KeyRound size={16} aria-hidden /> {text.nav.tokens}
        </Link>
        <Colours />
        {me.sign_out && <SignOut />}
      </Popover.Dropdown>
    </Popover>
  );
}

function Colours() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <fieldset className={css.colours}>
      <legend className={css.label}>{text.account.theme}</legend>
      {SCHEMES.map(([scheme, label, Icon]) => (
        <button
          key={scheme}
          type="button"
          className={css.item}
          aria-pressed={scheme === colorScheme}
          onClick={() => setColorScheme(scheme)}
        >
          <Icon size={16} aria-hidden /> {label}
        </button>
      ))}
    </fieldset>
  );
}

function SignOut() {
  const api = useApi();
  const queries = useQueryClient();
  const signOut = useMutation({
    mutationFn: async (everywhere: boolean) => {
      if (everywhere) await take(api.DELETE("/api/v1/sessions"));
      else await done(api.DELETE("/api/v1/session"));
    },
    onSuccess: () => leaves(queries, api),
  });
  return (
    <>
      <button type="button" className={css.item} onClick={() => signOut.mutate(false)}>
        <LogOut size={16} aria-hidden /> {text.account.signOut}
      </button>
      <button type="button" className={css.item} onClick={() => signOut.mutate(true)}>
        <LogOut size={16} aria-hidden /> {text.account.signOutEverywhere}
      </button>
    </>
  );
}
