import "@testing-library/jest-dom/vitest";

import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll } from "vitest";

import { gateway } from "./gateway";

// jsdom has no layout: Mantine asks for these at mount.
class MediaQueryDouble extends EventTarget {
  readonly matches = false;
  readonly onchange = null;
  constructor(readonly media: string) {
    super();
  }
  addListener() {
    return undefined;
  }
  removeListener() {
    return undefined;
  }
}
window.matchMedia = (query) => new MediaQueryDouble(query);

class ResizeObserverDouble implements ResizeObserver {
  observe() {
    return undefined;
  }
  unobserve() {
    return undefined;
  }
  disconnect() {
    return undefined;
  }
}
window.ResizeObserver = ResizeObserverDouble;
// A window of rows must have a height for its rows to be drawn.
Object.defineProperties(Element.prototype, {
  clientHeight: { configurable: true, value: 800 },
  clientWidth: { configurable: true, value: 1200 },
});

window.scrollTo = () => undefined;
Element.prototype.scrollIntoView = () => undefined;

// A busy machine must be slow, not red: what is waited for ends the wait at once where it comes.
configure({ asyncUtilTimeout: 8000 });

beforeAll(() => gateway.listen({ onUnhandledRequest: "error" }));
afterEach(() => {
  cleanup();
  gateway.resetHandlers();
});
afterAll(() => gateway.close());

// The feed is spoken to by the tests of the live room only.
Reflect.deleteProperty(globalThis, "WebSocket");
