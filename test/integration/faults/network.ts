/**
 * The network between servers and to their clients, as something that can be broken: packets in
 * one direction between two ends are lost, some or all of them, or more than so many of them.
 * What is broken is said as a whole, so that nothing is forgotten when several faults overlap.
 */

/** A server by its id, or all clients together. */
export type End = number | "clients";

/** What is wrong with the packets from one end to another. */
export interface Impairment {
  readonly from: End;
  readonly to: End;
  readonly kind: "cut" | "lossy" | "narrow";
}

/** How a network carries what `impair` does not mention: as well as it can. */
export interface Network {
  /** What it is, for the report of a run. */
  readonly description: string;
  /** Kinds of impairment that it has between servers; those to clients only with `hasClients`. */
  readonly kinds: readonly Impairment["kind"][];
  readonly hasClients: boolean;
  /** All servers know each other under the same addresses. */
  readonly isUniform: boolean;
  /** Where a server listens. */
  hostOf(id: number): string;
  /** The host under which `viewer` knows a server; its own when they are the same. */
  peerHost(viewer: number, id: number): string;
  /** The command line that runs a program where the server lives. */
  commandOf(id: number, commandLine: readonly string[]): readonly string[];
  /** From now on this is what is wrong, and nothing else. */
  impair(impairments: readonly Impairment[]): Promise<void>;
  close(): void;
}

/** Both directions between each of `some` and each of `others`. */
export function between(
  some: readonly End[],
  others: readonly End[],
  kind: Impairment["kind"] = "cut",
): Impairment[] {
  return some.flatMap((one) =>
    others.flatMap((other) => [
      { from: one, to: other, kind },
      { from: other, to: one, kind },
    ]),
  );
}
