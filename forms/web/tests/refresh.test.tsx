/** Lists stay fresh, however fast hints come and however slow answers are. */
import { act, screen } from "@testing-library/react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { beforeEach, expect, test, vi } from "vitest";
import { LiveLists } from "../src/app/live";
import { show, type House } from "./render";

const PAGE = 700; // milliseconds for one page: three of them take longer than hints are paced
const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));

let stand: number; // what the server would say now
let asked: number;

function List() {
  const found = useInfiniteQuery({
    queryKey: ["runs", "list"],
    queryFn: ({ pageParam, signal }) => {
      if (pageParam === 0) asked += 1;
      const said = stand;
      return new Promise<string>((resolve, reject) => {
        setTimeout(() => resolve(`${pageParam} at ${said}`), PAGE);
        signal.addEventListener("abort", () => reject(new Error("nobody waits")));
      });
    },
    initialPageParam: 0,
    getNextPageParam: (_, pages) => (pages.length < 3 ? pages.length : null),
  });
  const { hasNextPage, isFetching, fetchNextPage } = found;
  return (
    <>
      <p>{found.data?.pages.join(", ") ?? "nothing"}</p>
      <button disabled={!hasNextPage || isFetching} onClick={() => void fetchNextPage()}>
        More
      </button>
    </>
  );
}

const shown = () => screen.getByText(/nothing|at/).textContent;
const more = async () => {
  screen.getByRole("button").click();
  await pass(PAGE + 10);
};

async function threePages(): Promise<House> {
  const house = show(
    <LiveLists>
      <List />
    </LiveLists>,
  );
  await pass(PAGE + 10);
  await more();
  await more();
  expect(shown()).toBe("0 at 0, 1 at 0, 2 at 0");
  return house;
}

beforeEach(() => {
  vi.useFakeTimers();
  stand = asked = 0;
});

/** The list has changed, and the server says so. */
const change = (house: House) =>
  act(() => {
    stand += 1;
    house.sources[0]?.send("runs", { id: "r_1" });
  });

test("a long list moves on while hints come faster than its answer, and ends with what was last", async () => {
  const house = await threePages();
  const seen = new Set<string | null>();
  for (let hint = 0; hint < 40; hint += 1) {
    change(house);
    await pass(250);
    seen.add(shown());
  }
  expect(seen.size, "it was shown anew while hints came").toBeGreaterThan(3);
  await pass(3 * PAGE * 3);
  expect(shown()).toBe("0 at 40, 1 at 40, 2 at 40");
});

test("one hint is one look, and one in the middle of it is another one after it, however many there are", async () => {
  const house = await threePages();
  asked = 0;
  change(house);
  await pass(3 * PAGE + 100);
  expect([asked, shown()]).toEqual([1, "0 at 1, 1 at 1, 2 at 1"]);
  change(house);
  await pass(50);
  change(house);
  await pass(1_000);
  change(house);
  await pass(10 * PAGE);
  expect([asked, shown()]).toEqual([3, "0 at 4, 1 at 4, 2 at 4"]);
});

test("a page that somebody has asked for comes, whatever hints say meanwhile", async () => {
  const house = show(
    <LiveLists>
      <List />
    </LiveLists>,
  );
  await pass(PAGE + 10);
  screen.getByRole("button").click();
  await pass(100);
  change(house);
  await pass(PAGE);
  expect(shown()).toBe("0 at 0, 1 at 0");
  await pass(2 * PAGE + 100);
  expect(shown()).toBe("0 at 1, 1 at 1");
});
