let answeredAtMs = Date.now();

/** Note that the gateway has just answered, whatever it said. */
export function noteAnswer(): void {
  answeredAtMs = Date.now();
}

/** When the gateway answered last; the page itself came from it. */
export const lastAnswerMs = (): number => answeredAtMs;
