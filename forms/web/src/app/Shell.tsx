import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { NavLink, Outlet, ScrollRestoration, useLocation } from "react-router";
import { useApi } from "../api/context";
import { ApiError } from "../api/problem";
import { meQuery } from "../api/queries";
import type { Me } from "../api/types";
import { PaletteButton } from "../palette/PaletteButton";
import { Callout } from "../parts/Basics";
import { Loading } from "../parts/Loading";
import { ProblemNote } from "../parts/Problem";
import { text } from "../text";
import { AccountMenu } from "./AccountMenu";
import { LiveBanner, LiveLists } from "./live";
import live from "./live.module.css";
import { MeProvider } from "./me";
import { Places } from "./Places";
import css from "./Shell.module.css";
import { SignIn } from "./SignIn";
import { StopBanner } from "./StopBanner";
import { Together } from "./Together";

/** What is around every screen. Who is not signed in sees the sign-in page instead, whatever the address. */
export function Shell() {
  const me = useQuery(meQuery(useApi()));
  const [reader, setReader] = useState<Me | null>(null);
  const [before, setBefore] = useState<string | null>(null); // who the reader was until a moment ago
  if (me.data && me.data.id !== reader?.id) {
    setBefore(reader && !me.error ? reader.name : null);
    setReader(me.data);
  }
  if (me.error instanceof ApiError && me.error.status === 401)
    return <SignIn ended={me.data !== undefined} />;
  if (me.data) return <House key={me.data.id} me={me.data} before={before} />;
  return (
    <main className={css.alone}>
      {me.error ? <ProblemNote error={me.error} retry={() => void me.refetch()} /> : <Loading />}
    </main>
  );
}

/** Until it is put away: what was on the screen before was somebody else's. */
function Changed({ from, to }: { from: string; to: string }) {
  const [open, setOpen] = useState(true);
  if (!open) return null;
  return (
    <div className={live.banner}>
      <Callout tone="attention" title={text.account.changed(to)} live>
        <p>{text.account.changedDetail(from, to)}</p>
        <Button size="compact-sm" variant="default" onClick={() => setOpen(false)}>
          {text.account.changedFine}
        </Button>
      </Callout>
    </div>
  );
}

/** Another screen is read, and tabbed through, from its beginning: unless something on it has taken the focus already. */
function useFocusOf(pathname: string) {
  const main = useRef<HTMLElement>(null);
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    if (!main.current?.contains(document.activeElement)) main.current?.focus({ preventScroll: true });
  }, [pathname]);
  return main;
}

function House({ me, before }: { me: Me; before: string | null }) {
  const { pathname } = useLocation();
  const main = useFocusOf(pathname);
  return (
    <MeProvider me={me}>
      <LiveLists>
        <a className={css.skip} href="#content">
          {text.nav.skip}
        </a>
        <div className={css.house}>
          <header className={css.side}>
            <NavLink to="/actions" className={css.brand}>
              <img src="/icon.svg" alt="" width={28} height={28} />
              <span>{text.product}</span>
            </NavLink>
            <PaletteButton />
            <Places />
            <AccountMenu me={me} />
          </header>
          <main ref={main} id="content" className={`${css.content} no-outline`} tabIndex={-1}>
            {before && <Changed from={before} to={me.name} />}
            <LiveBanner />
            <Together key={pathname}>
              <StopBanner />
              <Outlet />
            </Together>
          </main>
        </div>
        <ScrollRestoration />
      </LiveLists>
    </MeProvider>
  );
}
