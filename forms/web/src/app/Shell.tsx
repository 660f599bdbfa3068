import { useQuery } from "@tanstack/react-query";
import { NavLink, Outlet, ScrollRestoration, useLocation } from "react-router";
import { useApi } from "../api/context";
import { ApiError } from "../api/problem";
import { meQuery } from "../api/queries";
import type { Me } from "../api/types";
import { PaletteButton } from "../palette/PaletteButton";
import { Loading } from "../parts/Loading";
import { ProblemNote } from "../parts/Problem";
import { text } from "../text";
import { AccountMenu } from "./AccountMenu";
import { LiveBanner, LiveLists } from "./live";
import { MeProvider } from "./me";
import { Places } from "./Places";
import css from "./Shell.module.css";
import { SignIn } from "./SignIn";
import { StopBanner } from "./StopBanner";
import { Together } from "./Together";

/** What is around every screen. Who is not signed in sees the sign-in page instead, whatever the address. */
export function Shell() {
  const me = useQuery(meQuery(useApi()));
  if (me.error instanceof ApiError && me.error.status === 401)
    return <SignIn ended={me.data !== undefined} />;
  if (me.data) return <House me={me.data} />;
  return (
    <main className={css.alone}>
      {me.error ? <ProblemNote error={me.error} retry={() => void me.refetch()} /> : <Loading />}
    </main>
  );
}

function House({ me }: { me: Me }) {
  const { pathname } = useLocation();
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
          <main id="content" className={css.content} tabIndex={-1}>
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
