import { useQuery } from "@tanstack/react-query";

import type { Release } from "@/core/model";
import { projectsQuery, releasesQuery } from "@/queries/organization";

interface Offer {
  readonly releases: readonly Release[];
  /** Why there are none, or none yet; null when they are there. */
  readonly note: string | null;
}

/** Give the releases that issues of a project can be resolved in: Sentry takes none of another project, so there are none for issues of several. */
export function useReleases(project: string | null): Offer {
  const projects = useQuery({ ...projectsQuery, enabled: project !== null });
  const id = projects.data?.find((one) => one.slug === project || one.id === project)?.id ?? null;
  const found = useQuery({ ...releasesQuery(id), enabled: id !== null });
  if (project === null) return { releases: [], note: "Releases are offered where all issues are of one project" };
  if (found.isError || projects.isError || (projects.isSuccess && id === null)) return { releases: [], note: "The releases could not be loaded" };
  return { releases: found.data ?? [], note: found.isPending ? "Loading the releases…" : null };
}
