import { Ellipsis } from "lucide-react";
import { Link, NavLink, useLocation } from "react-router";
import { text } from "../text";
import { useMe } from "./me";
import { MAIN, OPERATE, type Place } from "./places";
import css from "./Places.module.css";
import { useWaiting } from "./useWaiting";

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
          <PlaceLink key={place.to} place={place} {...(place.to === "/approvals" ? waiting : NOTHING)} />
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
            <PlaceLink key={place.to} place={place} {...NOTHING} />
          ))}
        </div>
      </div>
    </nav>
  );
}

const MORE = "/more";
const NOTHING = { approvals: 0, tasks: 0 };

/** Those at which one may do or see something. */
export function useOperatePlaces(): readonly Place[] {
  const { permissions } = useMe();
  return OPERATE.filter(({ needs }) => !needs || permissions.includes(needs));
}

function PlaceLink(props: { place: Place; approvals: number; tasks: number }) {
  const { to, label, icon: Icon } = props.place;
  const count = props.approvals + props.tasks;
  return (
    <NavLink to={to} className={css.place}>
      <Icon size={18} aria-hidden />
      <span>{label}</span>
      {count > 0 && (
        <span className={css.count}>
          <span aria-hidden>{count}</span>
          <span className="visually-hidden">{text.nav.waiting(props.approvals, props.tasks)}</span>
        </span>
      )}
    </NavLink>
  );
}
