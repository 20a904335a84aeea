import { setupServer } from "msw/node";

/** The gateway as the tests see it: each test says what it answers. */
export const gateway = setupServer();
