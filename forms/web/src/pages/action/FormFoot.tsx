import { Button } from "@mantine/core";
import { ArrowLeft, ArrowRight } from "lucide-react";
import type { Progress } from "../../form/resolution";
import { text } from "../../text";
import css from "./FormFoot.module.css";

const words = text.actions.form;
const SAYS: Record<Progress, string> = {
  loading: words.checking,
  checking: words.checking,
  settled: words.checked,
  failed: words.failed,
};

export function FormFoot(props: { page: number; pages: number; progress: Progress; onBack: () => void }) {
  const last = props.page === props.pages - 1;
  return (
    <div className={css.foot}>
      {props.page > 0 && (
        <Button variant="default" leftSection={<ArrowLeft size={16} aria-hidden />} onClick={props.onBack}>
          {words.back}
        </Button>
      )}
      <Button type="submit" rightSection={<ArrowRight size={16} aria-hidden />}>
        {last ? words.toReview : words.next}
      </Button>
      <span className="soft small" role="status">
        {SAYS[props.progress]}
      </span>
    </div>
  );
}
