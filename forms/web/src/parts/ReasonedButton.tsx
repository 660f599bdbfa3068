import { Button, Tooltip, type ButtonProps } from "@mantine/core";
import { useId, type ReactNode } from "react";
import type { Permitted } from "../api/types";
import { visible } from "./textOf";

/**
 * A button that stays where it is when it may not be pressed, and says why: on hover, on focus and to screen readers.
 * It is not `disabled` then, because what is disabled cannot be focused and so cannot explain itself.
 */
export function ReasonedButton({
  may,
  onClick,
  children,
  ...style
}: { may: Permitted; onClick: () => void; children: ReactNode } & ButtonProps) {
  const id = useId();
  const why = visible(may.why_not ?? "");
  if (may.allowed) {
    return (
      <Button {...style} onClick={onClick}>
        {children}
      </Button>
    );
  }
  return (
    <Tooltip label={why} multiline maw={320} withArrow events={{ hover: true, focus: true, touch: true }}>
      <Button
        {...style}
        data-disabled
        aria-disabled
        aria-describedby={id}
        onClick={(event) => event.preventDefault()}
      >
        {children}
        <span id={id} className="visually-hidden">
          {why}
        </span>
      </Button>
    </Tooltip>
  );
}
