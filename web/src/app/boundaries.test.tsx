import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";

import { isMissingChunk, UpdatedScreen } from "./boundaries";

// Each browser says in its own words that a part of the page is gone; all of them mean that Dexter was updated.
it.each([
  ["Failed to fetch dynamically imported module: https://x/assets/IssueRoute-1.js", true],
  ["error loading dynamically imported module: https://x/a.js", true],
  ["Importing a module script failed.", true],
  ["Unable to preload CSS for /assets/x.css", true],
  ["Cannot read properties of undefined", false],
])("takes %s for a missing part: %s", (message, missing) => {
  expect(isMissingChunk(new TypeError(message))).toBe(missing);
});

it("says that Dexter was updated, and offers the reload", () => {
  render(<UpdatedScreen />, { wrapper: MantineProvider });
  expect(screen.getByText("Dexter was updated")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Reload" })).toBeInTheDocument();
});
