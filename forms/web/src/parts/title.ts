import { useEffect } from "react";
import { text } from "../text";
import { visible } from "./textOf";

/** The name of the tab: what a person with twenty of them sees. */
export function useTitle(title: string | null | undefined): void {
  useEffect(() => {
    document.title = title ? `${visible(title)} · ${text.product}` : text.product;
  }, [title]);
}
