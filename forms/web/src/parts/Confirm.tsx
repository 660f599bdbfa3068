import { Button } from "@mantine/core";
import { useId, useLayoutEffect, useRef, type ReactNode } from "react";
import { text } from "../text";
import css from "./Confirm.module.css";

/**
 * Asks before something is done, and says what will happen. The browser's own dialog: it keeps the focus inside, closes
 * on Escape and injects no styles.
 */
export function Confirm(props: {
  title: string;
  verb: string;
  danger?: boolean;
  busy?: boolean;
  blocked?: boolean;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before it is taken out of the document: only what is in it gives the focus back when it closes.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} className={css.dialog} aria-labelledby={id} onCancel={props.onClose}>
      <h2 id={id}>{props.title}</h2>
      <div className={css.body}>{props.children}</div>
      <div className={css.foot}>
        <Button variant="default" onClick={props.onClose}>
          {text.close}
        </Button>
        <Button
          color={props.danger ? "red" : "blue"}
          loading={props.busy ?? false}
          disabled={props.blocked ?? false}
          onClick={props.onConfirm}
        >
          {props.verb}
        </Button>
      </div>
    </dialog>
  );
}
