import { createContext, useContext, type ReactNode } from "react";
import type { Api } from "./client";
import type { OpenSource } from "./events";

export interface Doors {
  api: Api;
  openSource: OpenSource;
}

const DoorsContext = createContext<Doors | null>(null);

/** Hands the ways out of the page to everything below; tests hand in their own. */
export function DoorsProvider({ doors, children }: { doors: Doors; children: ReactNode }) {
  return <DoorsContext value={doors}>{children}</DoorsContext>;
}

export function useDoors(): Doors {
  const doors = useContext(DoorsContext);
  if (!doors) throw new Error("useDoors needs a DoorsProvider above it");
  return doors;
}

export const useApi = (): Api => useDoors().api;
