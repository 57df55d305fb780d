/**
 * What the controller asks of members and has them do: an interface, so that the controller is
 * tested without servers. Implementations have time-outs of their own, end soon after `signal`
 * aborts, and take no answer of a member for more than that member's word.
 */
import type { Ensemble } from "../api/index.ts";
import type {
  ImportReading,
  ImportedServer,
  Membership,
  ObservedReport,
} from "../plan/ensemble-observed.ts";

/** A member that can be asked: its pod runs. */
export interface MemberTarget {
  readonly sid: number;
  /** The pod's address: names may not resolve, and their answers may be old. */
  readonly podIp: string;
}

/** Whom to ask, and with which right. */
export interface EnsembleTarget {
  readonly ensemble: Ensemble;
  /** By ascending id. */
  readonly members: readonly MemberTarget[];
  /** Of the user that may reconfigure. */
  readonly adminPassword: string;
  /** While servers of another ensemble are taken over. */
  readonly imported: ImportedTarget | null;
}

/** Servers of another ensemble, as members too. */
export interface ImportedTarget {
  readonly servers: readonly ImportedServer[];
  /** `user:password` of who may reconfigure them. */
  readonly credentials: string | null;
}

/** Servers that are to be taken over. */
export interface ImportSource {
  /** Where they serve clients: names or addresses, with ports. */
  readonly servers: readonly string[];
  readonly credentials: string | null;
}

/** The members of an ensemble. */
export interface MemberAccess {
  /** The reports of all that answer in time, by id; how far each is behind the leader included. */
  readReports(
    target: EnsembleTarget,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, ObservedReport>>;

  /** The membership that a leader has confirmed with a quorum; null when none does in time. */
  readMembership(target: EnsembleTarget, signal: AbortSignal): Promise<Membership | null>;

  /** Whether these servers can be joined, and who they are; it changes nothing. */
  readImport(source: ImportSource, signal: AbortSignal): Promise<ImportReading>;

  /**
   * Admits a member if the membership is still of `fromVersion`, and resolves when the new one is
   * committed.
   *
   * @param host - its name in the cluster, without ports.
   * @throws OperatorError MEMBERS_REFUSED when they did not do it, or it is not known whether.
   */
  addMember(
    target: EnsembleTarget,
    change: {
      readonly sid: number;
      readonly host: string;
      readonly role: "participant" | "observer";
      readonly fromVersion: bigint;
    },
    signal: AbortSignal,
  ): Promise<void>;

  /** Dismisses a member; otherwise as `addMember()`. */
  removeMember(
    target: EnsembleTarget,
    change: { readonly sid: number; readonly fromVersion: bigint },
    signal: AbortSignal,
  ): Promise<void>;

  /**
   * Has the leader `from` hand over to `to`, and resolves when it has.
   *
   * @throws OperatorError MEMBERS_REFUSED when it did not, or it is not known whether.
   */
  transferLeadership(
    target: EnsembleTarget,
    change: { readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Promise<void>;
}
