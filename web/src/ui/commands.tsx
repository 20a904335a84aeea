import { createContext, type ReactNode, useCallback, useContext, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";

import { keysOf } from "@/core/keymap";
import { beginsSome, keyOf, type KeyPress, keyWanted, meanings, type Prefix } from "@/core/keys";

/** Something the reader can do: by its key, from the palette, or both. The `?` sheet lists it under its section. */
export interface Command {
  readonly id: string;
  readonly label: string;
  readonly section: string;
  /** Keys that depend on what is on screen; all others stand in the table of keys, under the command's id. */
  readonly keys?: readonly string[];
  readonly run: (press?: KeyPress) => void;
  /** False: its key does nothing now, and the palette leaves it out. */
  readonly enabled?: boolean;
  /** True: it is a key only, such as moving the cursor, and makes no sense in the palette. */
  readonly keyOnly?: boolean;
  /** True: it also works while a field has the focus. */
  readonly inFields?: boolean;
}

type Listener = () => void;

class CommandBook {
  private readonly sets = new Map<symbol, readonly Command[]>();
  private readonly listeners = new Set<Listener>();
  private list: readonly Command[] = [];
  private prefix: Prefix | null = null;

  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): readonly Command[] => this.list;

  put(owner: symbol, commands: readonly Command[] | null): void {
    if (commands === null) this.sets.delete(owner);
    else this.sets.set(owner, commands);
    this.list = [...this.sets.values()].flat();
    this.listeners.forEach((listener) => listener());
  }

  /**
   * Run the command of a key press; the one registered last wins, so that a screen can take a key over from the shell.
   * `covered` says whether an overlay was open when the key went down.
   */
  press(event: KeyboardEvent, covered: boolean): void {
    const name = keyOf(event);
    if (HELD.has(event.key)) return;
    const typing = isField(event.target);
    const ready = this.list.filter((command) => command.enabled !== false && keyWanted(typing, command.inFields === true) && (!covered || command.inFields === true));
    const names = meanings(name, this.prefix, event.timeStamp);
    const found = names.map((one) => ready.findLast(({ keys }) => keys?.includes(one) === true)).find((command) => command !== undefined);
    const begins = found === undefined && !event.defaultPrevented && beginsSome(name, ready.flatMap(({ keys = [] }) => keys));
    this.prefix = begins ? { name, atMs: event.timeStamp } : null;
    if (found === undefined || event.defaultPrevented) return;
    event.preventDefault();
    found.run(event);
  }
}

/** Pressing one of these is only half of a key. */
const HELD = new Set(["Shift", "Control", "Alt", "Meta"]);

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName)) && !isTick(target);
}

const isTick = (element: HTMLElement): boolean => element instanceof HTMLInputElement && /^(checkbox|radio)$/.test(element.type);

/** A menu, dialog or picker has the keyboard to itself. */
const overlayIsOpen = (): boolean => document.querySelector('[role="dialog"], [role="menu"], [data-overlay]') !== null;

const BookContext = createContext<CommandBook | null>(null);

function useBook(): CommandBook {
  const book = useContext(BookContext);
  if (book === null) throw new Error("useCommands needs a CommandsProvider above it");
  return book;
}

/** Holds the commands of all that is on screen and listens to the keyboard for them. */
export function CommandsProvider({ children }: { children: ReactNode }) {
  const [book] = useState(() => new CommandBook());
  useEffect(() => {
    let covered = false;
    // A dialog that Escape closes is gone before the key arrives below; the key must not also act on the screen under it.
    const before = () => {
      covered = overlayIsOpen();
    };
    const listener = (event: KeyboardEvent) => book.press(event, covered);
    window.addEventListener("keydown", before, { capture: true });
    window.addEventListener("keydown", listener);
    return () => {
      window.removeEventListener("keydown", before, { capture: true });
      window.removeEventListener("keydown", listener);
    };
  }, [book]);
  return <BookContext value={book}>{children}</BookContext>;
}

/** Offer commands while the calling piece is on screen. `run` may close over fresh values: the latest one is called. */
export function useCommands(commands: readonly Command[]): void {
  const book = useBook();
  const [owner] = useState(() => Symbol("commands"));
  const latest = useRef(commands);
  useLayoutEffect(() => {
    latest.current = commands;
  });
  const shape = commands.map(({ id, label, enabled, keys }) => `${id}|${label}|${enabled !== false}|${(keys ?? keysOf(id)).join(" ")}`).join("\n");
  useEffect(() => {
    book.put(
      owner,
      latest.current.map((command) => ({
        ...command,
        keys: command.keys ?? keysOf(command.id),
        run: (press) => latest.current.find(({ id }) => id === command.id)?.run(press),
      })),
    );
  }, [book, owner, shape]);
  useEffect(() => () => book.put(owner, null), [book, owner]);
}

/** Give every command on offer, for the palette and the `?` sheet. */
export function useCommandList(): readonly Command[] {
  const book = useBook();
  return useSyncExternalStore(book.subscribe, book.snapshot);
}

/** Give the function that runs a command on offer by its id; buttons use it for what is also a key. */
export function useCommandRunner(): (id: string) => void {
  const book = useBook();
  return useCallback((id) => book.snapshot().find((command) => command.id === id && command.enabled !== false)?.run(), [book]);
}
