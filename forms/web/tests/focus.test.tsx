/** Where the focus is when what had it is gone, and what is read out then. */
import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { Link } from "react-router";
import { afterEach, expect, test, vi } from "vitest";
import { Shell } from "../src/app/Shell";
import ApprovalPage from "../src/pages/approval/ApprovalPage";
import { Confirm } from "../src/parts/Confirm";
import { Loading } from "../src/parts/Loading";
import { FakeApi } from "./fake/api";
import { show, visit } from "./render";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Whether the dialogs that were closed were in the document then: only then the browser gives the focus back. */
function closings(): boolean[] {
  const found: boolean[] = [];
  vi.spyOn(HTMLDialogElement.prototype, "close").mockImplementation(function (this: HTMLDialogElement) {
    found.push(this.isConnected);
  });
  return found;
}

function Asks() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button onClick={() => setOpen(true)}>Open</button>
      {open && (
        <Confirm title="Sure?" verb="Yes" onConfirm={() => undefined} onClose={() => setOpen(false)}>
          It is done then.
        </Confirm>
      )}
    </>
  );
}

test("a question closes while it is in the document", async () => {
  const found = closings();
  show(<Asks />);
  await userEvent.click(screen.getByRole("button", { name: "Open" }));
  fireEvent(screen.getByText("Sure?").closest("dialog") as Element, new Event("cancel"));
  expect(screen.queryByText("Sure?")).toBeNull();
  expect(found).toEqual([true]);
});

const SCREENS = [
  {
    path: "/",
    Component: Shell,
    children: [
      { path: "one", element: <Link to="/two">On</Link> },
      { path: "two", element: <h1>Two</h1> },
    ],
  },
];

test("the palette closes while it is in the document", async () => {
  const found = closings();
  visit("/two", SCREENS, new FakeApi("ana"));
  await userEvent.click(await screen.findByRole("button", { name: "Search" }));
  const box = await screen.findByRole("combobox", { name: "Go to anything" });
  fireEvent(box.closest("dialog") as Element, new Event("cancel"));
  await waitFor(() => expect(found).toEqual([true]));
});

test("another screen is read from its beginning, the first is not taken the focus", async () => {
  visit("/one", SCREENS, new FakeApi("ana"));
  const link = await screen.findByRole("link", { name: "On" });
  const main = screen.getByRole("main");
  expect(document.activeElement).toBe(document.body);
  await userEvent.click(link);
  await screen.findByRole("heading", { name: "Two" });
  expect(document.activeElement).toBe(main);
});

test("what was decided takes the focus, in a region that was there before", async () => {
  visit("/approvals/a_waiting", [{ path: "/approvals/:id", Component: ApprovalPage }], new FakeApi("sam"));
  const button = await screen.findByRole("button", { name: "Approve" });
  const regions = screen.getAllByRole("status");
  await userEvent.click(button);
  const said = await screen.findByText("Your decision is recorded: approved.");
  expect(document.activeElement?.contains(said)).toBe(true);
  expect(regions).toContain(said.closest("[role=status]"));
});

test("that it loads comes into a region that was there before", async () => {
  show(<Loading />);
  const region = screen.getByRole("status", { name: "Loading" });
  expect(region.textContent).toBe("");
  await waitFor(() => expect(region.textContent).toBe("Loading"));
});
