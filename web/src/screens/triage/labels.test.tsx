import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it } from "vitest";

import { gateway } from "@tests/gateway";
import { aPage, anIssue } from "@tests/issues";
import { answerIssues, openWorkbench, quietGateway } from "@tests/workbench";

let labels: { id: string; name: string; color: string; issues: number }[];
let sent: [method: string, path: string, body: unknown][];

beforeEach(() => {
  quietGateway();
  sent = [];
  labels = [
    { id: "a", name: "flaky", color: "#d6333a", issues: 2 },
    { id: "b", name: "slow", color: "#1a76d2", issues: 0 },
  ];
  answerIssues(() => aPage([anIssue({ id: "1" })]));
  gateway.use(
    http.get("/api/v1/labels", () => HttpResponse.json({ data: labels })),
    http.patch("/api/v1/labels/:id", async ({ request, params }) => {
      const body = (await request.json()) as { name: string; color: string };
      sent.push(["PATCH", String(params["id"]), body]);
      return HttpResponse.json({ ...labels[0], ...body });
    }),
    http.delete("/api/v1/labels/:id", ({ params }) => {
      sent.push(["DELETE", String(params["id"]), null]);
      return HttpResponse.json({ message: "Somebody else made this label", remedy: "Ask whoever made it, or an administrator" }, { status: 403 });
    }),
  );
});

async function openLabels() {
  const user = openWorkbench("/");
  await screen.findByRole("listitem");
  await user.keyboard("{Control>}k{/Control}");
  await user.type(within(await screen.findByRole("dialog")).getByRole("combobox"), "recolour");
  await user.keyboard("{Enter}");
  return { user, dialog: within(await screen.findByRole("dialog", { name: "Labels" })) };
}

// A label that was misspelt stayed so for ever.
it("renames and recolours a label by the keyboard alone", async () => {
  const { user, dialog } = await openLabels();
  (await dialog.findByRole("button", { name: "Change flaky" })).focus();
  await user.keyboard("{Enter}");
  const name = await dialog.findByRole("textbox", { name: "Name" });
  expect(name).toHaveFocus();
  await user.clear(name);
  await user.type(name, "SLOW");
  expect(dialog.getByRole("button", { name: "Save" })).toBeDisabled();
  await user.clear(name);
  await user.type(name, "flakes");
  await user.tab();
  await user.keyboard("{ArrowRight}{Enter}");
  await waitFor(() => expect(sent).toEqual([["PATCH", "a", { name: "flakes", color: "#c2387f" }]]));
  expect(await dialog.findByRole("button", { name: "Change flakes" })).toBeInTheDocument();
});

// It goes from every issue, and not everybody may.
it("deletes a label only when asked twice, and says who may", async () => {
  const { user, dialog } = await openLabels();
  await user.click(await dialog.findByRole("button", { name: "Change flaky" }));
  await user.click(dialog.getByRole("button", { name: "Delete…" }));
  expect(sent).toEqual([]);
  await user.click(dialog.getByRole("button", { name: "Delete from 2 issues" }));
  expect(await dialog.findByRole("alert")).toHaveTextContent("Somebody else made this label. Ask whoever made it, or an administrator.");
  expect(dialog.getByRole("button", { name: "Change slow" })).toBeInTheDocument();
});
