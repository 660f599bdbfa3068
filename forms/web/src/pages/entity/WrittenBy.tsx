import { RunLink } from "../../parts/Basics";
import { visible } from "../../parts/textOf";
import { When } from "../../parts/Times";
import { text } from "../../text";

const RUN = "run:";

/** Who wrote an entity last: a catalog file, or a run with the way to it if one may see it. */
export function WrittenBy({ by, at, bare = false }: { by: string; at: string; bare?: boolean }) {
  return (
    <>
      {!bare && `${text.entities.writtenBy} `}
      {by.startsWith(RUN) ? (
        <RunLink id={by.slice(RUN.length)} />
      ) : by === "file" ? (
        text.entities.byFile
      ) : by === "run" ? (
        text.entities.byHiddenRun
      ) : (
        visible(by)
      )}
      , <When at={at} />
    </>
  );
}
