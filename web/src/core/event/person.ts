/** The user whose session broke, as far as the SDK said. */

import { asObject, asText, pairsOf, type Pair } from "./json";

export interface Person {
  /** The best name there is: name, username, email, id or address. */
  readonly label: string;
  readonly rows: readonly Pair[];
}

const FIELDS: readonly (readonly [field: string, name: string])[] = [
  ["id", "ID"],
  ["name", "Name"],
  ["username", "Username"],
  ["email", "Email"],
  ["ip_address", "IP address"],
];

/** Give the user of an event, or null when the event knows none. */
export function readPerson(value: unknown): Person | null {
  const raw = asObject(value);
  const known = FIELDS.flatMap(([field, name]) => {
    const text = asText(raw[field]);
    return text === null ? [] : [{ name, text }];
  });
  const geo = ["city", "region", "country_code"].flatMap((part) => asText(asObject(raw["geo"])[part]) ?? []);
  const rows = [
    ...known,
    ...(geo.length > 0 ? [{ name: "Place", text: geo.join(", ") }] : []),
    ...pairsOf(raw["data"]),
  ];
  const [first] = rows;
  if (first === undefined) return null;
  const best = ["name", "username", "email", "id", "ip_address"].map((field) => asText(raw[field]));
  return { label: best.find((text) => text !== null) ?? first.text, rows };
}
