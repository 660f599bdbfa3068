/** Small parts that every screen is made of. */
import { ExternalLink as LinkIcon } from "lucide-react";
import { createElement, useId, type ReactNode } from "react";
import { Link } from "react-router";
import { entityPath } from "../api/queries";
import type { Person } from "../api/types";
import type { Tone } from "../states/states";
import { text } from "../text";
import { figure } from "../text/formats";
import css from "./Basics.module.css";
import { safeLink, visible } from "./textOf";

/** The head of a page: where it belongs, its name, what is to be said at once, and its buttons. */
export function PageHead(props: {
  title: ReactNode;
  back?: { to: string; label: string };
  lead?: ReactNode;
  aside?: ReactNode;
}) {
  return (
    <header className={css.head}>
      <div className={css.headText}>
        {props.back && (
          <Link className={css.back} to={props.back.to}>
            {props.back.label}
          </Link>
        )}
        <h1>{props.title}</h1>
        {props.lead && <div className={css.lead}>{props.lead}</div>}
      </div>
      {props.aside && <div className={css.aside}>{props.aside}</div>}
    </header>
  );
}

/** A card with a heading. */
export function Section(props: {
  title: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  flush?: boolean;
  level?: 2 | 3;
}) {
  const id = useId();
  return (
    <section className={css.section} aria-labelledby={id}>
      <div className={css.sectionHead}>
        {createElement(`h${props.level ?? 2}`, { id }, props.title)}
        {props.aside}
      </div>
      <div className={props.flush ? undefined : css.sectionBody}>{props.children}</div>
    </section>
  );
}

/** Something to be noticed, in the tone of what it is about. */
export function Callout(props: {
  tone: Tone;
  title?: ReactNode;
  icon?: ReactNode;
  children?: ReactNode;
  live?: boolean;
}) {
  return (
    <div className={css.callout} data-tone={props.tone} role={props.live ? "status" : undefined}>
      {props.icon && <span className={css.calloutIcon}>{props.icon}</span>}
      <div className={css.calloutText}>
        {props.title && <strong>{props.title}</strong>}
        {props.children && <div>{props.children}</div>}
      </div>
    </div>
  );
}

/** Names and values in two columns. */
export function Facts({
  facts,
}: {
  facts: readonly (readonly [label: string, value: ReactNode] | null | false)[];
}) {
  return (
    <dl className={css.facts}>
      {facts.map(
        (fact) =>
          fact && (
            <div key={fact[0]} className={css.fact}>
              <dt>{fact[0]}</dt>
              <dd>{fact[1]}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** What stands where there is nothing yet, with what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={css.empty}>
      <strong>{title}</strong>
      {children && <p className="soft">{children}</p>}
    </div>
  );
}

/** How many things are behind a tab; nothing where there are none. */
export function TabCount({ count }: { count: number }) {
  return count > 0 ? <span className={css.tabCount}>{figure(count)}</span> : null;
}

export function EntityLink({ entity, title }: { entity: string; title?: string }) {
  return <Link to={entityPath(entity)}>{visible(title ?? entity)}</Link>;
}

export function PersonName({ person }: { person: Person }) {
  return person.ref ? (
    <span className={css.person}>
      <EntityLink entity={person.ref} title={person.name} />
    </span>
  ) : (
    <span>{visible(person.name)}</span>
  );
}

export function RunLink({ id, children }: { id: string; children?: ReactNode }) {
  return <Link to={`/runs/${encodeURIComponent(id)}`}>{children ?? <code>{id}</code>}</Link>;
}

/** A link out of the page. Where the address is not safe to follow, the text stands alone. */
export function OutLink({ url, children }: { url: string | null | undefined; children: ReactNode }) {
  const href = safeLink(url);
  if (!href) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noreferrer noopener" className={css.out}>
      {children}
      <LinkIcon size={13} aria-hidden />
      <span className="visually-hidden">{text.newTab}</span>
    </a>
  );
}
