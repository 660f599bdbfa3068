import { useInfiniteQuery } from "@tanstack/react-query";
import { Ellipsis } from "lucide-react";
import { Link, NavLink, useLocation } from "react-router";
import { useApi } from "../api/context";
import { approvalsQuery } from "../api/queries";
import { text } from "../text";
import { useMe } from "./me";
import { MAIN, OPERATE, type Place } from "./places";
import css from "./Places.module.css";

/** The way to every screen. On a phone the first four, and "More" for what belongs to operating. */
export function Places() {
  const waiting = useWaiting();
  const places = useOperatePlaces();
  const { pathname } = useLocation();
  const inMore = pathname === MORE || places.some(({ to }) => pathname.startsWith(to));
  return (
    <nav className={css.nav} aria-label={text.nav.label}>
      <div className={css.group}>
        {MAIN.map((place) => (
          <PlaceLink key={place.to} place={place} count={place.to === "/approvals" ? waiting : 0} />
        ))}
        <Link to={MORE} className={`${css.place} ${css.more}`} data-active={inMore}>
          <Ellipsis size={18} aria-hidden />
          <span>{text.nav.more}</span>
        </Link>
      </div>
      <div className={css.operate}>
        <p className={css.heading}>{text.nav.operate}</p>
        <div className={css.group}>
          {places.map((place) => (
            <PlaceLink key={place.to} place={place} count={0} />
          ))}
        </div>
      </div>
    </nav>
  );
}

const MORE = "/more";

/** Those at which one may do or see something. */
export function useOperatePlaces(): readonly Place[] {
  const { permissions } = useMe();
  return OPERATE.filter(({ needs }) => !needs || permissions.includes(needs));
}

function PlaceLink({ place: { to, label, icon: Icon }, count }: { place: Place; count: number }) {
  return (
    <NavLink to={to} className={css.place}>
      <Icon size={18} aria-hidden />
      <span>{label}</span>
      {count > 0 && (
        <span className={css.count}>
          <span aria-hidden>{count}</span>
          <span className="visually-hidden">{text.nav.waiting(count)}</span>
        </span>
      )}
    </NavLink>
  );
}

/** How many approvals the asker may decide now (of the first page: beyond that the number says nothing more). */
function useWaiting(): number {
  const mine = useInfiniteQuery(approvalsQuery(useApi(), { mine: true, state: "pending" }));
  return mine.data?.pages[0]?.items.length ?? 0;
}
