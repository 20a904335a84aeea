import { useLocalStorage, useMediaQuery } from "@mantine/hooks";

export type Density = "roomy" | "compact" | "phone";

export const ROW_HEIGHT: Record<Density, number> = { roomy: 64, compact: 44, phone: 76 };

/** Give how tall rows are. The reader's choice lasts beyond this view, so it is kept here and not in the address. */
export function useDensity(): [Density, (density: "roomy" | "compact") => void] {
  const [chosen, choose] = useLocalStorage<"roomy" | "compact">({ key: "dexter-density", defaultValue: "roomy", getInitialValueInEffect: false });
  const narrow = useMediaQuery("(max-width: 700px)", false, { getInitialValueInEffect: false });
  return [narrow ? "phone" : chosen, choose];
}
