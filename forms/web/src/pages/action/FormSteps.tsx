import { Check } from "lucide-react";
import type { FormView } from "../../api/types";
import { visible } from "../../parts/textOf";
import { text } from "../../text";
import css from "./FormSteps.module.css";

/** Where one is in the form. Pages that lie behind can be gone back to. */
export function FormSteps({
  view,
  page,
  onGo,
}: {
  view: FormView;
  page: number;
  onGo: (page: number) => void;
}) {
  const titles = [...view.pages.map((one) => one.title), text.actions.form.review];
  return (
    <nav aria-label={text.actions.form.steps}>
      <ol className={css.steps}>
        {titles.map((title, index) => (
          <li
            key={index}
            className={css.step}
            data-state={index < page ? "done" : index === page ? "here" : "ahead"}
            aria-current={index === page ? "step" : undefined}
          >
            <span className={css.dot} aria-hidden>
              {index < page ? <Check size={14} /> : index + 1}
            </span>
            {index < page ? (
              <button type="button" className={css.back} onClick={() => onGo(index)}>
                {visible(title)}
              </button>
            ) : (
              <span>{visible(title)}</span>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}
