import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { configure, render } from "@testing-library/react";
import type { ReactElement, ReactNode } from "react";
import { createMemoryRouter, RouterProvider, type RouteObject } from "react-router";
import { createApi } from "../src/api/client";
import { DoorsProvider } from "../src/api/context";
import type { OpenSource } from "../src/api/events";
import { MeProvider } from "../src/app/me";
import { createQueryClient } from "../src/app/queryClient";
import { FakeApi } from "./fake/api";
import { FakeSource } from "./fakeSource";

configure({ asyncUtilTimeout: 10_000 }); // on a busy machine a second passes without anything being wrong

export interface House {
  fake: FakeApi;
  sources: FakeSource[];
  /** Where the router is: path, query and hash. */
  at: () => string;
}

export type Fetch = (request: Request) => Promise<Response>;

/** Renders what stands at a path, with the fake behind it. `fetch` may come between the two. */
export function visit(
  path: string,
  routes: RouteObject[],
  fake: FakeApi = new FakeApi(),
  fetch: (request: Request, next: Fetch) => Promise<Response> = (request, next) => next(request),
): House {
  const sources: FakeSource[] = [];
  const open: OpenSource = (url) => {
    const source = new FakeSource(url);
    sources.push(source);
    return source;
  };
  const router = createMemoryRouter(routes, { initialEntries: [path] });
  const api = createApi((request) => fetch(request, fake.fetch), "http://127.0.0.1:4000");
  const queries = createQueryClient();
  queries.setDefaultOptions({ queries: { retry: false } }); // and everything is stale at once
  const wrap = (children: ReactNode) => (
    <MantineProvider env="test" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={queries}>
        <DoorsProvider doors={{ api, openSource: open }}>
          {fake.me ? <MeProvider me={fake.me}>{children}</MeProvider> : children}
        </DoorsProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
  render(wrap(<RouterProvider router={router} />));
  return {
    fake,
    sources,
    at: () => router.state.location.pathname + router.state.location.search + router.state.location.hash,
  };
}

/** Renders one part by itself. */
export const show = (element: ReactElement, fake?: FakeApi): House =>
  visit("/", [{ path: "*", element }], fake);
