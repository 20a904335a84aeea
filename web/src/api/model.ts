/** The shapes of the contract's bodies. They stand in core/, so that decisions can read them without reaching up to here. */
export type * from "@/core/model";
