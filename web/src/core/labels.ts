/** Dexter's own labels on issues: what they are called and how they look. */

export interface Label {
  readonly id: string;
  readonly name: string;
  readonly color: string;
  /** On how many issues it is, as far as that was counted. */
  readonly issues?: number;
}

/** What Dexter itself knows of an issue. */
export interface Marks {
  readonly labels: readonly Pick<Label, "name" | "color">[];
  readonly notes: number;
}

export const NO_MARKS: Marks = { labels: [], notes: 0 };

/** The colours on offer, each legible as a dot on both themes. */
export const LABEL_COLORS = [
  { name: "Iris", color: "#5a54d2" },
  { name: "Blue", color: "#1a76d2" },
  { name: "Teal", color: "#0f8a8a" },
  { name: "Green", color: "#1f8a4c" },
  { name: "Amber", color: "#b7791f" },
  { name: "Orange", color: "#d0622b" },
  { name: "Red", color: "#d6333a" },
  { name: "Pink", color: "#c2387f" },
  { name: "Grey", color: "#7a818c" },
] as const;

const MAX_NAME = 64;

/** Give the name a label would be created with, or null when it is none: empty, too long, or one that a search could not name. */
export function newLabelName(typed: string, known: readonly Pick<Label, "name">[]): string | null {
  const name = typed.trim().replace(/\s+/g, " ");
  const clashes = known.some((label) => label.name.toLowerCase() === name.toLowerCase());
  return name === "" || name.length > MAX_NAME || /["\p{Cc}]/u.test(name) || clashes ? null : name;
}

/** Give a colour to draw; anything but a plain hex colour is grey, since names and colours come from other people. */
export const labelColor = (color: string): string => (/^#[0-9a-f]{6}$/i.test(color) ? color : "#7a818c");

export type Held = "all" | "some" | "none";

/** Give how many of some issues hold a label. */
export function heldBy(name: string, marks: readonly Marks[]): Held {
  const holding = marks.filter(({ labels }) => labels.some((label) => label.name === name)).length;
  if (holding === 0) return "none";
  return holding === marks.length ? "all" : "some";
}

/** Give an issue's marks with a label added or taken off. */
export function withLabel(marks: Marks, label: Pick<Label, "name" | "color">, on: boolean): Marks {
  const others = marks.labels.filter(({ name }) => name !== label.name);
  return { ...marks, labels: on ? [...others, { name: label.name, color: label.color }].sort((a, b) => a.name.localeCompare(b.name)) : others };
}
