import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";

configure({ asyncUtilTimeout: 8_000 }); // a busy machine is not a failure

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

// Nothing is laid out here. Lists that draw what is in sight need to know how much that is.
beforeEach(() => {
  if (typeof HTMLElement === "undefined") return; // a test that reads files
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockImplementation(function (this: HTMLElement) {
    return this.hasAttribute("data-index") ? 36 : 0;
  });
});
