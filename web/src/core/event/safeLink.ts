/** Addresses found in events are hostile: only plain http and https ones may ever become a link. */

/**
 * Give the address when following it on a click is acceptable, else null.
 *
 * Refused: other schemes (javascript:, data:, file:), relative addresses, names and passwords inside the address
 * (they disguise the host), and control or direction characters, which a browser would silently drop or turn.
 */
export function safeLink(value: unknown): string | null {
  if (typeof value !== "string" || value.length > 2_048) return null;
  if (!/^https?:\/\/[^/\\]/i.test(value) || UNPRINTABLE.test(value)) return null;
  try {
    const address = new URL(value);
    if (address.protocol !== "http:" && address.protocol !== "https:") return null;
    return address.username === "" && address.password === "" ? address.href : null;
  } catch {
    return null;
  }
}

const UNPRINTABLE = /[\s\p{Cc}\p{Cf}]/u;
