/** Going on where a run ended, and saying what becomes of what a failed one did. */
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import RunPage from "../src/pages/run/RunPage";
import { FakeApi } from "./fake/api";
import { run } from "./fake/world";
import { visit } from "./render";

const ROUTES = [{ path: "/runs/:id", Component: RunPage }];

describe("resuming", () => {
  test("shows what becomes of each step, asks what nobody knows, and leads to the new run", async () => {
    const house = visit("/runs/r_failed", ROUTES, new FakeApi("sam"));
    await userEvent.click(await screen.findByRole("button", { name: "Resume" }));
    const dialog = screen.getByRole("dialog");
    const steps = await within(dialog).findByRole("list", { name: "What becomes of each step" });
    expect([...steps.children].map((one) => one.textContent?.split(":")[0])).toEqual([
      "Carried over",
      "Nobody knows",
      "Done again",
    ]);
    expect(dialog.textContent).toContain('steps[2].pinned.commit: "aaaa" → "bbbb"');
    const confirm = within(dialog).getByRole("button", { name: "Resume" });
    expect(confirm).toHaveProperty("disabled", true);
    await userEvent.click(within(dialog).getByRole("radio", { name: "Do it again" }));
    await userEvent.dblClick(confirm);
    await waitFor(() => expect(house.at()).toMatch(/^\/runs\/r_new/));
    const asked = house.fake.seen.filter(
      (one) => one.path === "/runs/r_failed/resume" && one.method === "POST",
    );
    expect(new Set(asked.map((one) => one.key)).size).toBe(1);
    expect(asked[0]?.body).toEqual({ reason: "", answers: { page: "again" }, version: null });
  });

  test("is not offered where there is nothing left to do", async () => {
    visit("/runs/r_running", ROUTES, new FakeApi("sam"));
    await screen.findByRole("button", { name: "Cancel the run" });
    expect(screen.queryByRole("button", { name: "Resume" })).toBeNull();
  });
});

describe("an undo that waits for somebody", () => {
  test("has a button for each thing that can be said", async () => {
    const fake = new FakeApi("sam");
    const asked = run("r_asks", "needs_attention", {
      reason: "Undoing two has failed: it was stopped.",
      undoing: { ends: "failed", choices: ["again", "leave"], said: [] },
    });
    fake.addRun(asked, []);
    const house = visit("/runs/r_asks", ROUTES, fake);
    expect(await screen.findByText("Somebody has to say what becomes of what this run did")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Undo it" })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Try the undo again" }));
    await waitFor(() =>
      expect(house.fake.seen.find((one) => one.path === "/runs/r_asks/undoing")?.body).toEqual({
        choice: "again",
        reason: "",
      }),
    );
  });
});
