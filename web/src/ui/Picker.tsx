import { Popover, Portal } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from "react";

import { Dialog } from "./Dialog";
import classes from "./ui.module.css";

export interface Choice {
  readonly id: string;
  readonly label: string;
  readonly section?: string;
  readonly hint?: ReactNode;
  readonly icon?: ReactNode;
}

interface Props {
  /** Where it opens: at this element, or in the middle of the screen when null. */
  anchor: HTMLElement | null;
  title: string;
  placeholder: string;
  /** The choices for what has been typed so far; the picker filters nothing itself. */
  choices: (typed: string) => readonly Choice[];
  note?: string;
  /** Says which choices are already made, where several can be. */
  isChosen?: (id: string) => boolean;
  onChoose: (choice: Choice) => void;
  onClose: () => void;
}

/** One field and one list: type to narrow, arrows to move, Enter to choose. At the row for a mouse, from below for a thumb. */
export function Picker({ anchor, ...rest }: Props) {
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  if (narrow || anchor === null) {
    return (
      <Dialog title={rest.title} from={narrow ? "below" : "middle"} bare onClose={rest.onClose}>
        <PickerBody {...rest} wide />
      </Dialog>
    );
  }
  return <AnchoredPicker anchor={anchor} {...rest} />;
}

function AnchoredPicker({ anchor, ...rest }: Props & { anchor: HTMLElement }) {
  const [box] = useState(() => anchor.getBoundingClientRect());
  const leftHalf = box.left + box.width / 2 < window.innerWidth / 2;
  return (
    // Out of whatever it stands in: a dialog's own movement would carry the place of the anchor away.
    <Portal>
    <Popover opened onDismiss={rest.onClose} position={leftHalf ? "bottom-start" : "bottom-end"} offset={4} hideDetached={false} trapFocus returnFocus shadow="float" withRoles={false}>
      <Popover.Target>
        <div style={{ position: "fixed", left: box.left, top: box.top, width: box.width, height: box.height, pointerEvents: "none" }} />
      </Popover.Target>
      <Popover.Dropdown p={0} role="dialog" aria-label={rest.title}>
        <PickerBody {...rest} />
      </Popover.Dropdown>
    </Popover>
    </Portal>
  );
}

interface BodyProps extends Omit<Props, "anchor"> {
  wide?: boolean;
}

function PickerBody({ title, placeholder, choices, note, isChosen, onChoose, onClose, wide = false }: BodyProps) {
  const id = useId();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const shown = choices(typed);
  const active = Math.min(at, shown.length - 1);

  // Before the next key can come: whoever types "p low" in one breath means the picker with all of it.
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus({ preventScroll: true }), []);

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active, typed]);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt(shown.length === 0 ? 0 : (active + step + shown.length) % shown.length);
    else if (event.key === "Enter") {
      const choice = shown[active];
      if (choice !== undefined) onChoose(choice);
    } else if (event.key === "Escape") onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className={`${classes.picker} ${wide ? classes.pickerWide : ""}`} data-overlay>
      <input
        ref={field}
        className={classes.pickerField}
        data-autofocus
        // Escape closes the picker; the dialog it may stand in stays.
        data-mantine-stop-propagation="true"
        role="combobox"
        aria-label={title}
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={shown.length > 0 ? `${id}-${active}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div ref={list} className={classes.pickerList} id={`${id}-list`} role="listbox" aria-label={title} tabIndex={-1}>
        {sectionsOf(shown).map(({ name, from, choices: part }) => (
          <div key={`${name}-${from}`} role="group" aria-label={name === "" ? title : name}>
            {name !== "" && (
              <div className={classes.pickerSection} aria-hidden>
                {name}
              </div>
            )}
            {part.map((choice, index) => (
              <div
                key={choice.id}
                id={`${id}-${from + index}`}
                className={classes.pickerChoice}
                role="option"
                aria-selected={from + index === active}
                onPointerMove={() => setAt(from + index)}
                onClick={() => onChoose(choice)}
              >
                {choice.icon}
                <span className={classes.pickerLabel}>
                  {choice.label}
                  {isChosen?.(choice.id) === true && <span className="dx-unseen">, chosen</span>}
                </span>
                {choice.hint !== undefined && <span className={classes.pickerHint}>{choice.hint}</span>}
              </div>
            ))}
          </div>
        ))}
        {shown.length === 0 && (
          <div className={classes.pickerNone} role="option" aria-selected="false" aria-disabled="true">
            Nothing matches “{typed}”
          </div>
        )}
      </div>
      {note !== undefined && <div className={classes.pickerNote}>{note}</div>}
    </div>
  );
}

interface Section {
  name: string;
  from: number;
  choices: Choice[];
}

function sectionsOf(choices: readonly Choice[]): Section[] {
  const sections: Section[] = [];
  choices.forEach((choice, index) => {
    const name = choice.section ?? "";
    const last = sections.at(-1);
    if (last?.name === name) last.choices.push(choice);
    else sections.push({ name, from: index, choices: [choice] });
  });
  return sections;
}
