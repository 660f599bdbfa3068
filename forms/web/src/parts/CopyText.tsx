import { ActionIcon } from "@mantine/core";
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { text } from "../text";
import css from "./CopyText.module.css";

/** A short technical text with a button that copies it. `shown` abbreviates what is copied whole. */
export function CopyText({ value, shown }: { value: string; shown?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => void navigator.clipboard.writeText(value).then(() => setCopied(true));
  return (
    <span className={css.copy}>
      <code title={value}>{shown ?? value}</code>
      <ActionIcon
        size="sm"
        variant="subtle"
        color="gray"
        onClick={copy}
        aria-label={copied ? text.errors.copied : `${text.copy} ${value}`}
      >
        {copied ? <Check size={13} aria-hidden /> : <Copy size={13} aria-hidden />}
      </ActionIcon>
    </span>
  );
}
