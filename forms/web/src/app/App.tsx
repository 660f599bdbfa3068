import { MantineProvider } from "@mantine/core";
import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { DoorsProvider, type Doors } from "../api/context";
import { theme } from "./theme";

/**
 * Everything that the page needs around it. Mantine's variables and classes are in our style sheet: its provider would
 * inject style tags, which the content security policy refuses.
 */
export function App({
  doors,
  queries,
  children,
}: {
  doors: Doors;
  queries: QueryClient;
  children: ReactNode;
}) {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queries}>
        <DoorsProvider doors={doors}>{children}</DoorsProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
