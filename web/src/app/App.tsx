import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { createQueryClient } from "./queryClient";
import { createWorkbenchRouter } from "./router";
import { cssVariables, theme } from "./theme";
import { watchErrors } from "./watchErrors";

/** The issue page comes in a chunk of its own; fetched while the reader looks at the list, it opens at once. */
function loadIssuePageWhenIdle(): () => void {
  const timer = setTimeout(() => void import("./IssueRoute"), 2000);
  return () => clearTimeout(timer);
}

/** The workbench: look, data and routes around the screens. */
export function App() {
  const [queryClient] = useState(createQueryClient);
  const [router] = useState(() => createWorkbenchRouter(queryClient));
  useEffect(() => watchErrors(window), []);
  useEffect(loadIssuePageWhenIdle, []);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <Notifications position="bottom-center" limit={4} containerWidth={460} className="dx-toasts" transitionDuration={120} />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
