import { MantineProvider } from "@mantine/core";
import { act, render, screen } from "@testing-library/react";
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { beforeEach, expect, test, vi } from "vitest";
import { Shell } from "../src/app/Shell";
import { Together } from "../src/app/Together";
import ApprovalPage from "../src/pages/approval/ApprovalPage";
import { FakeApi } from "./fake/api";
import { visit } from "./render";

const answers = new Map<string, (value: string) => void>();

function Part({ name, then, meta = {} }: { name: string; then?: string; meta?: Record<string, unknown> }) {
  const found = useQuery({
    queryKey: [name],
    meta,
    queryFn: () => new Promise<string>((resolve) => answers.set(name, resolve)),
  });
  return (
    <>
      <p>{found.data ?? name}</p>
      {found.data && then && <Part name={then} />}
    </>
  );
}

let client: QueryClient;
const show = (parts: React.ReactNode) =>
  render(
    <MantineProvider env="test" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={(client = new QueryClient())}>
        <Together>{parts}</Together>
      </QueryClientProvider>
    </MantineProvider>,
  );
const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));
const seen = () => screen.queryByRole("status", { name: "Loading" }) === null;

const answer = (name: string) =>
  act(async () => {
    answers.get(name)?.(`${name} are here`);
    await vi.advanceTimersByTimeAsync(0);
  });

beforeEach(() => {
  vi.useFakeTimers();
  answers.clear();
});

test("a screen comes when all of it is there, also what one answer leads to; until then nothing can be pressed", async () => {
  const pressed = vi.fn();
  show(
    <>
      <button onClick={pressed}>Approve</button>
      <Part name="runs" then="steps" />
      <Part name="people" />
    </>,
  );
  const button = screen.getByText("Approve");
  await pass(1_000);
  await answer("runs");
  await answer("people");
  await pass(1_000);
  expect(seen(), "the steps are asked for").toBe(false);
  expect(button.closest("[inert]")).toBeTruthy();
  await answer("steps");
  expect(seen()).toBe(false);
  await pass(70);
  expect(seen()).toBe(true);
  expect(button.closest("[inert]")).toBeNull();
  expect(screen.getByText("steps are here")).toBeTruthy();
});

test("nobody waits for ever", async () => {
  show(<Part name="runs" />);
  await pass(3_900);
  expect(seen()).toBe(false);
  await pass(200);
  expect(seen()).toBe(true);
});

test("a screen without questions is there at once", async () => {
  show(<p>words</p>);
  expect(seen()).toBe(false);
  await pass(70);
  expect(seen()).toBe(true);
});

test("what is asked again hides nothing", async () => {
  show(<Part name="runs" />);
  await answer("runs");
  await pass(70);
  expect(seen()).toBe(true);
  act(() => void client.invalidateQueries());
  await pass(1_000);
  expect(seen()).toBe(true);
});

test("an approval does not wait for a CI system that is slow", async () => {
  const held = new Promise<Response>(() => undefined);
  visit(
    "/approvals/a_waiting",
    [{ path: "/", Component: Shell, children: [{ path: "approvals/:id", Component: ApprovalPage }] }],
    new FakeApi("sam"),
    (request, next) => (request.url.endsWith("/pipelines") ? held : next(request)),
  );
  for (let waited = 0; waited < 8; waited += 1) await pass(200);
  expect(screen.getByText("Asking the CI system how the pipeline has changed")).toBeTruthy();
  expect(seen()).toBe(true);
  expect(screen.getByRole("button", { name: "Approve" }).closest("[inert]")).toBeNull();
});

test("a CI system that answers soon moves nothing that is seen", async () => {
  show(
    <>
      <Part name="runs" />
      <Part name="pipelines" meta={{ elsewhere: true }} />
    </>,
  );
  await answer("runs");
  await pass(400);
  expect(seen()).toBe(false);
  await answer("pipelines");
  await pass(70);
  expect(seen()).toBe(true);
});
