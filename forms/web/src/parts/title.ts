import { useEffect } from "react";
import { text } from "../text";

/** The name of the tab: what a person with twenty of them sees. */
export function useTitle(title: string | null | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · ${text.product}` : text.product;
  }, [title]);
}
