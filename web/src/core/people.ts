/** People, their sessions and tokens: the shapes that are read, and how they are said. */

export type Role = "viewer" | "triager" | "admin";
export type Scope = "read" | "triage" | "admin";

export const ROLES: readonly Role[] = ["viewer", "triager", "admin"];
export const SCOPES: readonly Scope[] = ["read", "triage", "admin"];
export const EVERYWHERE = "*";

export interface LinkedSentry {
  name: string | null;
  email: string | null;
}

export interface Person {
  id: string;
  name: string;
  email: string | null;
  is_admin: boolean;
  built_in: boolean;
  has_password: boolean;
  roles: Record<string, Role>;
  linked_sentry: LinkedSentry | null;
  created_at: string;
  disabled_at: string | null;
}

export interface OpenSession {
  id: string;
  current: boolean;
  opened_with: "token" | "password";
  created_at: string;
  last_seen_at: string;
  expires_at: string;
  user_agent: string;
  address: string;
}

export interface ApiToken {
  id: string;
  name: string;
  hint: string;
  scopes: Scope[];
  organization: string | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

/** What a role lets somebody do, in a few words. */
export const ROLE_MEANING: Record<Role, string> = {
  viewer: "reads",
  triager: "reads and changes issues",
  admin: "does everything",
};

/** Whether somebody may change issues here. Of who comes with a Sentry token of their own, Sentry decides. */
export function mayTriage(user: { readonly id?: string | null; readonly is_admin?: boolean; readonly role?: Role | null }): boolean {
  return (user.id ?? null) === null || user.is_admin === true || user.role === "triager" || user.role === "admin";
}

/** What is said in the place of what only others may do. */
export const READS_ONLY = "You may read here. To change issues, ask an administrator for the role triager.";

/** What a token's scope lets a script do. */
export const SCOPE_MEANING: Record<Scope, string> = {
  read: "Read issues, events and statistics",
  triage: "Change issues too",
  admin: "Everything that you may do",
};

/** Where a role holds. */
export function placeWords(organization: string): string {
  return organization === EVERYWHERE ? "every organization" : organization;
}

/** What a person is here: an administrator, or their roles. */
export function rolesWords(person: Pick<Person, "is_admin" | "roles">): string {
  if (person.is_admin) return "Administrator";
  const roles = Object.entries(person.roles).map(([organization, role]) => `${role} in ${placeWords(organization)}`);
  return roles.length === 0 ? "No role yet" : roles.join(", ");
}

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox\//, "Firefox"],
  [/(HeadlessChrome|Chrome|Chromium)\//, "Chrome"],
  [/Safari\//, "Safari"],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/Windows/, "Windows"],
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/Linux|X11/, "Linux"],
];

/** A browser's own long name in the words its reader knows it by. */
export function browserWords(userAgent: string): string {
  const browser = BROWSERS.find(([form]) => form.test(userAgent))?.[1];
  const system = SYSTEMS.find(([form]) => form.test(userAgent))?.[1];
  if (browser === undefined) return userAgent === "" ? "Unknown client" : userAgent.slice(0, 60);
  return system === undefined ? browser : `${browser} on ${system}`;
}

/** Why a password will not do, or null for one that will. */
export function passwordFault(password: string, repeated: string): string | null {
  if (password.length < 10) return "At least 10 characters: a few words in a row are easy to remember.";
  if (password !== repeated) return "The two are not the same.";
  return null;
}

/** Until when something holds; `now` in epoch milliseconds. */
export function expiryWords(expiresAt: string | null, now: number): string {
  if (expiresAt === null) return "Never expires";
  const left = (Date.parse(expiresAt) - now) / 86_400_000;
  if (left <= 0) return "Expired";
  const days = Math.round(left);
  return left < 1 ? "Expires today" : `Expires in ${days} ${days === 1 ? "day" : "days"}`;
}
