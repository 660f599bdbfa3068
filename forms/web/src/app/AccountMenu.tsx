import { Menu, UnstyledButton, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Check, KeyRound, LogOut, Monitor, Moon, Sun, type LucideIcon } from "lucide-react";
import { Link } from "react-router";
import { done } from "../api/client";
import { useApi } from "../api/context";
import type { Me } from "../api/types";
import { text } from "../text";
import { leaves } from "./identity";
import css from "./AccountMenu.module.css";

const SCHEMES: readonly [MantineColorScheme, string, LucideIcon][] = [
  ["auto", text.account.auto, Monitor],
  ["light", text.account.light, Sun],
  ["dark", text.account.dark, Moon],
];

export function AccountMenu({ me }: { me: Me }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const signOut = useSignOut();
  const groups = me.groups.join(", ") || text.account.noGroups;
  return (
    <Menu position="top-start" width={240} withinPortal={false} transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <UnstyledButton className={css.account} aria-label={text.account.menu(me.name)}>
          <span className={css.initial} aria-hidden>
            {me.name.charAt(0).toUpperCase()}
          </span>
          <span className={css.words}>
            <span className={css.name}>{me.name}</span>
            <span className={css.groups}>{groups}</span>
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {text.account.groups}: {groups}
        </Menu.Label>
        <Menu.Item component={Link} to="/tokens" leftSection={<KeyRound size={16} aria-hidden />}>
          {text.nav.tokens}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{text.account.theme}</Menu.Label>
        {SCHEMES.map(([scheme, label, Icon]) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={16} aria-hidden />}
            rightSection={scheme === colorScheme ? <Check size={16} aria-hidden /> : null}
            aria-current={scheme === colorScheme ? "true" : undefined}
            closeMenuOnClick={false}
            onClick={() => setColorScheme(scheme)}
          >
            {label}
          </Menu.Item>
        ))}
        {me.sign_out && (
          <>
            <Menu.Divider />
            <Menu.Item leftSection={<LogOut size={16} aria-hidden />} onClick={() => signOut.mutate()}>
              {text.account.signOut}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function useSignOut() {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => done(api.DELETE("/api/v1/session")),
    onSuccess: () => leaves(queries, api),
  });
}
