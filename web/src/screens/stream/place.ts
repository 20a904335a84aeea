import { forgetSelection } from "./chosen";

/** Where the reader stood in the list of an address, so that coming back from an issue finds the same row in the same spot. */
export interface Place {
  readonly offset: number;
  readonly active: string | null;
}

const START: Place = { offset: 0, active: null };
const MOST = 20;
const places = new Map<string, Place>();

const key = (): string => window.location.pathname + window.location.search;

export function placeOf(): Place {
  return places.get(key()) ?? START;
}

export function rememberPlace(part: Partial<Place>): void {
  const place = { ...placeOf(), ...part };
  places.delete(key());
  places.set(key(), place);
  const oldest = places.keys().next().value;
  if (places.size > MOST && oldest !== undefined) places.delete(oldest);
}

/** Forget every place and what was selected there, as when somebody signs out. */
export function forgetPlaces(): void {
  places.clear();
  forgetSelection();
}
