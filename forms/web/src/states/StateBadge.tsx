import type { Look } from "./states";
import css from "./StateBadge.module.css";

/** Icon and word in the tone of the state. `bare` is for lists, where a box around each would be noise. */
export function StateBadge({ look, bare = false, word }: { look: Look; bare?: boolean; word?: string }) {
  const Icon = look.icon;
  return (
    <span className={bare ? css.bare : css.badge} data-tone={look.tone}>
      <Icon size={14} aria-hidden className={look.spins ? css.spins : undefined} />
      <span>{word ?? look.word}</span>
    </span>
  );
}

/** The icon alone, where the word stands beside it anyway; screen readers still get the word. */
export function StateIcon({ look, size = 16 }: { look: Look; size?: number }) {
  const Icon = look.icon;
  return (
    <span className={css.icon} data-tone={look.tone}>
      <Icon size={size} aria-hidden className={look.spins ? css.spins : undefined} />
      <span className="visually-hidden">{look.word}</span>
    </span>
  );
}
