import { Link } from "react-router";
import { PageHead } from "../parts/Basics";
import { useTitle } from "../parts/title";
import { text } from "../text";
import css from "./MorePage.module.css";
import { useOperatePlaces } from "./Places";

/** `/more`: on a phone, the way to what does not fit at the bottom. */
export default function MorePage() {
  const places = useOperatePlaces();
  useTitle(text.nav.operate);
  return (
    <>
      <PageHead title={text.nav.operate} lead={text.nav.moreLead} />
      <ul className={css.list}>
        {places.map(({ to, label, icon: Icon }) => (
          <li key={to}>
            <Link to={to} className={css.item}>
              <Icon size={18} aria-hidden />
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
