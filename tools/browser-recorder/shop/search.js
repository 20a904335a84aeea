const index = new Map([["monstera", ["MONSTERA-S", "MONSTERA-M"]]]);

function stem(word) {
  return word.endsWith("s") ? stem(word.slice(0, -1)) : stem(word + "s");
}

export function suggest(text) {
  const word = stem(text.trim().toLowerCase());
  return index.get(word) ?? [];
}
