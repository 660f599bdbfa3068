import { Ban, Star, UserCheck } from "lucide-react";
import { Link } from "react-router";
import type { ActionSummary } from "../../api/types";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./ActionCards.module.css";
import { useFavourites } from "./useFavourites";

/** Where the form of an action is, on an entity when there is one. */
export function actionPath(name: string, entity?: string | null): string {
  const path = `/actions/${encodeURIComponent(name)}`;
  return entity ? `${path}?${new URLSearchParams({ entity })}` : path;
}

interface CardsProps {
  actions: readonly ActionSummary[];
  entity?: string | undefined;
  /** Of the cards' headings, one below what stands above them. */
  level: "h2" | "h3";
}

/** One card per action. Those that the asker may not run stay, with the reason. */
export function ActionCards({ actions, entity, level }: CardsProps) {
  const { favourites, toggle } = useFavourites();
  return (
    <ul className={css.cards}>
      {actions.map((action) => (
        <li key={action.name} className={css.card} data-blocked={!action.may_run.allowed || undefined}>
          <Card
            action={action}
            entity={entity}
            level={level}
            starred={favourites.includes(action.name)}
            onStar={() => toggle(action.name)}
          />
        </li>
      ))}
    </ul>
  );
}

interface CardProps extends Omit<CardsProps, "actions"> {
  action: ActionSummary;
  starred: boolean;
  onStar: () => void;
}

function Card({ action, entity, level: Heading, starred, onStar }: CardProps) {
  const title = visible(action.title);
  return (
    <>
      <div className={css.head}>
        <Heading className={css.title}>
          {action.may_run.allowed ? (
            <Link to={actionPath(action.name, entity)} className={css.link}>
              {title}
            </Link>
          ) : (
            title
          )}
        </Heading>
        <button
          type="button"
          className={css.star}
          aria-pressed={starred}
          aria-label={text.actions.star(title)}
          title={starred ? text.actions.starred : text.actions.unstarred}
          onClick={onStar}
        >
          <Star size={16} aria-hidden fill={starred ? "currentColor" : "none"} />
        </button>
      </div>
      <p className="soft">{visible(action.description)}</p>
      {action.may_run.allowed ? (
        <p className={css.who}>
          <UserCheck size={14} aria-hidden />
          <span>{text.actions.runners(visible(action.runners))}</span>
        </p>
      ) : (
        <p className={css.why}>
          <Ban size={14} aria-hidden />
          <span>{visible(action.may_run.why_not ?? text.actions.notYou)}</span>
        </p>
      )}
      <p className={css.foot}>
        {text.actions.operation[action.operation] ?? action.operation}
        {action.target_kind && ` · ${text.actions.target(action.target_kind)}`}
        {action.owner && ` · ${text.actions.owner} ${visible(action.owner)}`}
      </p>
      {action.tags.length > 0 && (
        <ul className={css.tags} aria-label={text.actions.tags}>
          {action.tags.map((tag) => (
            <li key={tag} className={css.tag}>
              {visible(tag)}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
