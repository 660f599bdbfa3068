import { useEffect, useState } from "react";
import { flushSync } from "react-dom";

/**
 * Whether every row is to be in the document: while somebody searches with the browser's own search, or prints.
 * Both look at the document and not at what could be scrolled to. The next press on the page ends it.
 */
export function useWholeTable(): boolean {
  const [whole, setWhole] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => setWhole(isFind(event));
    const onPress = () => setWhole(false);
    const onPrint = () => flushSync(() => setWhole(true));
    window.addEventListener("keydown", onKey);
    window.addEventListener("pointerdown", onPress);
    window.addEventListener("beforeprint", onPrint);
    window.addEventListener("afterprint", onPress);
    return () => {
      window.removeEventListener("keydown", onKey);
      window.removeEventListener("pointerdown", onPress);
      window.removeEventListener("beforeprint", onPrint);
      window.removeEventListener("afterprint", onPress);
    };
  }, []);
  return whole;
}

function isFind({ key, ctrlKey, metaKey }: KeyboardEvent): boolean {
  return key === "F3" || ((ctrlKey || metaKey) && ["f", "g"].includes(key.toLowerCase()));
}
