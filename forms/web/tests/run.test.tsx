import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test, vi } from "vitest";
import { POLL, RETRY, SILENCE } from "../src/api/events";
import RunPage from "../src/pages/run/RunPage";
import { FakeApi } from "./fake/api";
import { frozen, run } from "./fake/world";
import { visit, type House } from "./render";

const ROUTES = [{ path: "/runs/:id", Component: RunPage }];
const open = (id: string, fake = new FakeApi("sam")): House => visit(`/runs/${id}`, ROUTES, fake);
const posted = (house: House, path: string) => house.fake.seen.filter((one) => one.path.endsWith(path));

test("why it waits is said: who moves it, what comes, until when, and what then", async () => {
  open("r_waiting");
  await screen.findByText("Waits for one of group:sre");
  const page = document.body.textContent ?? "";
  for (const said of [
    "Moves next",
    "group:sre",
    "a decision",
    /in 2[23] hours/.exec(page)?.[0] ?? "in hours",
    "nothing will have been sent",
  ]) {
    expect(page).toContain(said);
  }
  expect(screen.getByRole("link", { name: "Open the approval" }).getAttribute("href")).toBe(
    "/approvals/a_waiting",
  );
});

test("what the stream says is shown at once, and its end closes it", async () => {
  const { sources } = open("r_running");
  await screen.findByText("follows deploy.yml on acme/shop");
  const [stream] = sources;
  expect(stream?.url).toBe("/api/v1/runs/r_running/events?after=260");
  act(() => stream?.send("run", run("r_running", "succeeded", { text: "it is out" })));
  expect(await screen.findByText("it is out")).toBeTruthy();
  expect(document.title).toContain("Succeeded: Deploy a service");
  act(() => stream?.send("end"));
  expect(stream?.closed).toBe(true);
});

describe("behind a proxy that holds the stream back", () => {
  /** As long as the stream stays silent, and then so long. */
  const silent = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));
  const looks = (house: House) => house.fake.seen.filter((one) => one.path === "/runs/r_running").length;
  const said = () => screen.queryByText(/Live updates do not arrive/);
  const begin = async () => {
    vi.useFakeTimers();
    const house = open("r_running");
    await silent(100);
    expect(screen.getByText("follows deploy.yml on acme/shop")).toBeTruthy();
    expect(said()).toBeNull();
    await silent(SILENCE);
    return house;
  };

  test("the page says so, and looks by itself; that it flows takes it back", async () => {
    const house = await begin();
    expect(said()).toBeTruthy();
    const before = looks(house);
    house.fake.addRun(run("r_running", "running", { text: "the jobs are at the third" }));
    await silent(POLL * 2);
    expect(looks(house)).toBe(before + 2);
    expect(screen.getByText("the jobs are at the third")).toBeTruthy();
    await silent(RETRY);
    expect(house.sources.length).toBeGreaterThan(1);
    act(() => house.sources.at(-1)?.send("ping"));
    expect(said()).toBeNull();
  });

  test("a run that has ended is looked at no more, though its end cannot be heard", async () => {
    const house = await begin();
    house.fake.addRun(run("r_running", "succeeded", { text: "it is out" }));
    await silent(POLL);
    expect(screen.getByText("it is out")).toBeTruthy();
    expect(said()).toBeNull();
    const [before, streams] = [looks(house), house.sources.length];
    await silent(RETRY * 3);
    expect([looks(house), house.sources.length]).toEqual([before, streams]);
    expect(house.sources.every((source) => source.closed)).toBe(true);
  });

  test("a run whose log is still fetched is looked at until that is here", async () => {
    const house = await begin();
    house.fake.addRun(run("r_running", "succeeded", { log_pending: true }));
    await silent(POLL);
    const before = looks(house);
    await silent(POLL * 2);
    expect(looks(house)).toBe(before + 2);
    house.fake.addRun(run("r_running", "succeeded"));
    await silent(POLL);
    const ended = looks(house);
    await silent(RETRY);
    expect(looks(house)).toBe(ended);
  });
});

describe("what failed", () => {
  test("is on top, with the line that says why and a way to it", async () => {
    const house = open("r_failed");
    expect(await screen.findByText("Failed: ship, check")).toBeTruthy();
    expect(screen.getByText(/SHOP_CURRENCY is missing/, { selector: "pre" }).textContent).not.toContain(
      "##[error]",
    );
    await userEvent.click(screen.getByRole("button", { name: /Show in the log \(line 262\)/ }));
    expect(house.at()).toBe("/runs/r_failed#L262");
  });

  test("is not on top of what succeeded", async () => {
    open("r_seed1");
    await screen.findByText(/succeeded in 5 min/);
    expect(screen.queryByText(/^Failed/)).toBeNull();
  });
});

test("that nobody could be told is said, with why", async () => {
  const { sources } = open("r_running");
  await screen.findByText("follows deploy.yml on acme/shop");
  expect(screen.queryByText("Nobody could be told")).toBeNull();
  const text = "Nobody could be told of this: Your approval is asked (no route leads to group:sre).";
  const unheard = [{ event: "approval.asked", text, at: "2026-11-21T12:00:00Z" }];
  act(() => sources[0]?.send("run", run("r_running", "running", { unheard })));
  expect(await screen.findByText("Nobody could be told")).toBeTruthy();
  expect(screen.getByText(/no route leads to group:sre/)).toBeTruthy();
});

describe("evidence", () => {
  test("is offered as a file to those who may have it", async () => {
    open("r_seed1");
    const link = await screen.findByRole("link", { name: "Everything, as one signed file" });
    expect(link.getAttribute("href")).toBe("/api/v1/runs/r_seed1/evidence");
    expect(link.hasAttribute("download")).toBe(true);
  });

  test("is not mentioned to others", async () => {
    open("r_failed");
    await screen.findByRole("button", { name: /Undo/ });
    expect(screen.queryByText("Evidence")).toBeNull();
  });
});

describe("buttons", () => {
  test("one that may not be pressed says why and does nothing", async () => {
    const house = open("r_failed");
    const undo = await screen.findByRole("button", { name: /Undo/ });
    expect(undo.getAttribute("aria-disabled")).toBe("true");
    const reason = document.getElementById(undo.getAttribute("aria-describedby") ?? "");
    expect(reason?.textContent).toContain("Only a run that succeeded can be undone");
    await userEvent.click(undo);
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(posted(house, "/undo")).toEqual([]);
  });

  test("cancel says what will happen, and happens only when confirmed", async () => {
    const house = open("r_running");
    await userEvent.click(await screen.findByRole("button", { name: "Cancel the run" }));
    const dialog = screen.getByRole("dialog");
    expect(dialog.textContent).toContain("What it has already done is not undone");
    await userEvent.click(within(dialog).getByRole("button", { name: "Close" }));
    expect(posted(house, "/cancel")).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: "Cancel the run" }));
    await userEvent.type(screen.getByRole("textbox", { name: "Reason" }), "wrong version");
    await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Cancel the run" }));
    await waitFor(() =>
      expect(posted(house, "/cancel").map((one) => one.body)).toEqual([
        { reason: "wrong version", force: false },
      ]),
    );
  });

  test("undo leads to the new run, with one key however often it is pressed", async () => {
    const house = open("r_seed1");
    await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
    await userEvent.dblClick(within(screen.getByRole("dialog")).getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(house.at()).toMatch(/^\/runs\/r_new/));
    expect(new Set(posted(house, "/undo").map((one) => one.key)).size).toBe(1);
    expect(posted(house, "/undo")[0]?.key).toBeTruthy();
  });
});

describe("an attempt that nobody could prove", () => {
  test("asks what was found, and sends nothing before it is told", async () => {
    const house = open("r_held");
    await userEvent.click(await screen.findByRole("button", { name: "Record what I found" }));
    expect(screen.getByText("Say what you found and how you know.")).toBeTruthy();
    await userEvent.click(screen.getByRole("radio", { name: "It ran" }));
    await userEvent.type(screen.getByRole("textbox", { name: /How do you know/ }), "It is in GitHub's list");
    await userEvent.click(screen.getByRole("button", { name: "Record what I found" }));
    expect(screen.getByText("Give the number of the run in the CI system.")).toBeTruthy();
    expect(posted(house, "/resolve")).toEqual([]);
    await userEvent.type(screen.getByRole("textbox", { name: /number in the CI system/ }), "77");
    await userEvent.click(screen.getByRole("checkbox", { name: /I vouch for it/ }));
    await userEvent.click(screen.getByRole("button", { name: "Record what I found" }));
    await waitFor(() =>
      expect(posted(house, "/resolve").map((one) => one.body)).toEqual([
        {
          step: "ship",
          attempt: 1,
          outcome: "ran",
          external_run: "77",
          without_marker: true,
          reason: "It is in GitHub's list",
        },
      ]),
    );
  });
});

test("links of the CI system lead only where it is safe", async () => {
  const fake = new FakeApi("sam");
  const failed = run("r_odd", "failed");
  const [step] = failed.steps;
  if (!step?.attempts[0]?.external) throw new Error("the example has an external run");
  step.attempts[0].external.url = "javascript:alert(1)";
  fake.addRun(failed);
  open("r_odd", fake);
  expect((await screen.findByText("Open in github")).closest("a")).toBeNull();
});

test("what the run says came of it is shown as data, with where it came from", async () => {
  const house = open("r_running");
  await screen.findByText("follows deploy.yml on acme/shop");
  expect(screen.queryByText("Results")).toBeNull();
  act(() => house.sources[0]?.send("run", run("r_running", "succeeded")));
  expect(await screen.findByText("Results")).toBeTruthy();
  expect(screen.getByText("https://shop.example").closest("a")?.rel).toBe("noreferrer noopener");
  expect(
    screen.getByText("http://shop.example").closest("a"),
    "nobody vouches for who answers there",
  ).toBeNull();
  expect(screen.getByText("Reported by the run itself.")).toBeTruthy();
});

describe("a freeze", () => {
  test("says why the run waits, takes the reason for an exception, and somebody else grants it", async () => {
    const fake = new FakeApi("sam");
    fake.addRun(frozen("r_frozen"));
    const house = open("r_frozen", fake);
    await screen.findByText(/Waits for the freeze 'Year end' to end on 2 Jan 2027 08:00 Europe\/Berlin/i);
    expect(screen.getByText("Nobody is there to mend it")).toBeTruthy();
    await userEvent.type(screen.getByLabelText(/Why it cannot wait/), "Customers cannot pay");
    await userEvent.click(screen.getByRole("button", { name: "Ask for an exception" }));
    await screen.findByText(/waits for one of group:sre/);
    expect(screen.queryByRole("button", { name: "Ask for an exception" })).toBeNull();
    const [asked] = posted(house, "/exceptions");
    expect(asked?.body).toEqual({ freeze: "year-end", reason: "Customers cannot pay" });
    expect(asked?.key).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: /^Grant Say until when it holds/ }));
    expect(posted(house, "/decision")).toEqual([]);
    await userEvent.type(screen.getByLabelText("Holds until"), "2026-12-24T12:00");
    await userEvent.click(screen.getByRole("button", { name: "Grant" }));
    await screen.findByText(/granted by Sam/);
    expect(posted(house, "/decision")[0]?.body).toMatchObject({ verdict: "grant" });
  });
});
