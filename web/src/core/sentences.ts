/** Give several pieces as one run of sentences. Messages come from many hands, some with a full stop and some without. */
export function sentences(...said: readonly (string | null)[]): string {
  return said
    .flatMap((text) => (text === null || text.trim() === "" ? [] : [text.trim().replace(/([^.!?…:])$/u, "$1.")]))
    .join(" ");
}
