import { PageHead } from "../../parts/Basics";
import { useTitle } from "../../parts/title";
import { text } from "../../text";
import { Attention } from "./Attention";
import css from "./OperatePage.module.css";
import { Statistics } from "./Statistics";

const words = text.operate;

/** `/operate?time=30d&action=deploy` */
export default function OperatePage() {
  useTitle(words.title);
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div className={css.stack}>
        <Attention />
        <Statistics />
      </div>
    </>
  );
}
