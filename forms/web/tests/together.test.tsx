import { act, render, screen } from "@testing-library/react";
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { beforeEach, expect, test, vi } from "vitest";
import { Together } from "../src/app/Together";

const answers = new Map<string, (value: string) => void>();

function Part({ name, then }: { name: string; then?: string }) {
  const found = useQuery({
    queryKey: [name],
    queryFn: () => new Promise<string>((resolve) => answers.set(name, resolve)),
  });
  return (
    <>
      <p>{found.data ?? name}</p>
      {found.data && then && <Part name={then} />}
    </>
  );
}

const show = (parts: React.ReactNode) =>
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Together>{parts}</Together>
    </QueryClientProvider>,
  );
const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));
const seen = () => screen.queryByRole("status", { name: "Loading" }) === null;

beforeEach(() => {
  vi.useFakeTimers();
  answers.clear();
});

test("nobody waits for ever, and a screen without questions not at all", async () => {
  show(<Part name="runs" />);
  await pass(4_100);
  expect(seen()).toBe(true);
  document.body.replaceChildren();
  show(<p>words</p>);
  await pass(100);
  expect(seen()).toBe(true);
});
