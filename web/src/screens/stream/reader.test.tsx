import { screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it } from "vitest";

import { READS_ONLY } from "@/core/people";
import { gateway } from "@tests/gateway";
import { aPage, anIssue } from "@tests/issues";
import { answerIssues, openWorkbench, quietGateway, SESSION } from "@tests/workbench";

beforeEach(() => {
  quietGateway();
  gateway.use(http.get("/api/v1/session", () => HttpResponse.json({ ...SESSION, user: { id: "7", name: "Eve", role: "viewer", is_admin: false } })));
});

// They were offered what the gateway then refused, after the row had changed and changed back.
it("offers a viewer nothing that would be refused, and says why", async () => {
  answerIssues(() => aPage([anIssue({ id: "1", shortId: "SHOP-1" })]));
  const user = openWorkbench("/");
  const row = await screen.findByRole("listitem");
  expect(within(row).queryByRole("button", { name: "Resolve SHOP-1" })).toBeNull();
  expect(within(row).getByRole("button", { name: /^Priority: / })).toBeDisabled();
  await user.click(within(row).getByRole("checkbox", { name: "Select SHOP-1" }));
  const bar = screen.getByRole("region", { name: "Actions for the selection" });
  expect(bar).toHaveTextContent(READS_ONLY);
  expect(within(bar).queryByRole("button", { name: "Resolve" })).toBeNull();
  await user.keyboard("e?");
  expect(await screen.findByRole("dialog")).not.toHaveTextContent("Resolve");
});
