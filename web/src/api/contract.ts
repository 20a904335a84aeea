/**
 * Where the workbench's own types meet those generated from the gateway's OpenAPI.
 *
 * The models in core/ name only what is read. The checks at the end fail the type check when the gateway
 * no longer promises it, or no longer takes what is sent.
 */

import type { BulkSelection, Job, JobItem } from "@/core/bulk/job";
import type { GatewayStats } from "@/core/gatewayModel";
import type { Issue, IssueUpdate, Meta, Session } from "@/core/model";
import type { Delivery, Pinged, Subscription, SubscriptionForm } from "@/core/subscriptions";
import type { Span } from "@/core/trace";

import type { components, operations, paths } from "./schema";

/** A path template with its placeholders open: "/api/v1/issues/{id}" becomes `/api/v1/issues/${string}`. */
type Filled<Path extends string> = Path extends `${infer Before}{${string}}${infer After}` ? `${Before}${string}${Filled<After>}` : Path;

type Takes<Path extends keyof paths, Method extends string> = Method extends keyof paths[Path]
  ? paths[Path][Method] extends object
    ? Filled<Path>
    : never
  : never;

/** Every address that takes a method. */
export type AddressOf<Method extends string> = { [Path in keyof paths]: Takes<Path, Method> }[keyof paths];

/** The query names and values of the issue list. */
export type IssuesQuery = NonNullable<operations["issues_list"]["parameters"]["query"]>;

type Schemas = components["schemas"];
type GeneratedIssue = Schemas["SentryOrganizationGroupIndexGetResponse"][number];

/** Fields whose generated type is wider than what Sentry documents in words (free-form objects), and so are narrowed by hand. */
type FreeForm = "metadata" | "lifetime" | "stats" | "statusDetails" | "assignedTo" | "project";

type Assert<Given extends Wanted, Wanted> = Given;

/** A form as it may be sent: what has a default may be left out, and lists are not changed on the way. */
type Sent<Form> = { readonly [Name in keyof Form]?: Form[Name] extends readonly (infer Item)[] | null | undefined ? readonly Item[] | null : Form[Name] };

/** @public The gateway gives what the models read. */
export type Gives = [
  Assert<Omit<Pick<GeneratedIssue, keyof Issue>, FreeForm>, Omit<Issue, FreeForm>>,
  Assert<Schemas["SessionView"], Session>,
  Assert<Schemas["Meta"], Meta>,
  Assert<Schemas["GatewayStats"], GatewayStats>,
  // Operations come back as they were sent, of which the document says no more than that they are objects.
  Assert<Omit<Schemas["JobShape"], "operations">, Omit<Job, "operations">>,
  Assert<Schemas["ItemShape"], JobItem>,
  Assert<Schemas["SubscriptionShape"], Subscription>,
  Assert<Schemas["DeliveryShape"], Delivery>,
  Assert<Schemas["PingShape"], Pinged>,
];

/** @public The gateway takes what the workbench sends. */
export type TakesBack = [Assert<IssueUpdate, Schemas["IssueUpdate"]>, Assert<BulkSelection, Sent<Schemas["Selection"]>>, Assert<Span, Schemas["SpanReport"]>, Assert<SubscriptionForm, Schemas["SubscriptionForm"]>];
