import { Search } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { text } from "../text";
import css from "./PaletteButton.module.css";

const Palette = lazy(() => import("./Palette"));
const APPLE = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Opens the palette; so does Ctrl-K (on a Mac ⌘K), wherever the focus is. */
export function PaletteButton() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || event.altKey || event.shiftKey) return;
      if (!(APPLE ? event.metaKey : event.ctrlKey)) return;
      event.preventDefault();
      setOpen((before) => !before);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <button
        type="button"
        className={css.button}
        aria-label={text.palette.open} // on a phone the word is not shown
        aria-haspopup="dialog"
        aria-keyshortcuts={APPLE ? "Meta+K" : "Control+K"}
        onClick={() => setOpen(true)}
      >
        <Search size={16} aria-hidden />
        <span className={css.word} aria-hidden>
          {text.palette.open}
        </span>
        <kbd className={css.keys} aria-hidden>
          {APPLE ? text.palette.keysApple : text.palette.keys}
        </kbd>
      </button>
      {open && (
        <Suspense fallback={null}>
          <Palette onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
