/**
 * The members of an ensemble over the network: their admin servers over HTTP, and the ensemble as
 * a client. They are found by their pods' addresses, so that nothing waits for a name service.
 */
import { ZkError } from "../../client/index.ts";
import type { MembershipChange } from "../../client/index.ts";
import { MEMBER_PORTS } from "../desired/child.ts";
import { serverLine } from "../desired/member-names.ts";
import { OperatorError } from "../operator-error.ts";
import type { ImportReading, Membership, ObservedReport } from "../plan/ensemble-observed.ts";
import type {
  EnsembleTarget,
  ImportSource,
  MemberAccess,
  MemberTarget,
} from "../reconcile/member-access.ts";
import { askAdmin } from "./admin-request.ts";
import type { AdminAnswer } from "./admin-request.ts";
import { askImportedServer, readImport } from "./imported-servers.ts";
import { MemberError } from "./member-error.ts";
import { joinReports } from "./member-reports.ts";
import { parseMemberState } from "./member-state.ts";
import type { MemberState } from "./member-state.ts";
import { changeMembership, readMembership } from "./membership.ts";
import type { EnsembleAccess } from "./membership.ts";
import { operatorCredentials } from "./operator-digest.ts";
import { withLimit } from "./with-limit.ts";

/** Ports of a member; they are the same for all pods. */
export interface MemberPorts {
  readonly admin: number;
  readonly client: number;
}

/** Where a member's ports are, and its line. Other ones than pods have are for tests. */
export interface MemberPlaces {
  portsOf(target: EnsembleTarget, sid: number): MemberPorts;
  lineOf(target: EnsembleTarget, sid: number, role: "participant" | "observer"): string;
}

const POD_PLACES: MemberPlaces = {
  portsOf: ({ ensemble }) => {
    return { admin: MEMBER_PORTS.admin, client: ensemble.spec.service.client.port };
  },
  lineOf: ({ ensemble }, sid, role) => serverLine(ensemble, sid, role),
};

/** For a report: a member that takes longer is not well. */
const REPORT_TIMEOUT_MS = 3_000;
const READ_TIMEOUT_MS = 5_000;
/** For a change of the membership, or of the leader: a server gives up a hand-over after 5 s. */
const CHANGE_TIMEOUT_MS = 15_000;

export class NetworkMemberAccess implements MemberAccess {
  readonly #places: MemberPlaces;

  constructor(places: MemberPlaces = POD_PLACES) {
    this.#places = places;
  }

  async readReports(
    target: EnsembleTarget,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, ObservedReport>> {
    return withLimit(signal, REPORT_TIMEOUT_MS, async (limited) => {
      const states = await Promise.all([
        ...target.members.map((member) => this.#readState(target, member, limited)),
        ...(target.imported?.servers ?? []).map(askImportedServer),
      ]);
      return joinReports(states.filter((state) => state !== null));
    });
  }

  async readMembership(target: EnsembleTarget, signal: AbortSignal): Promise<Membership | null> {
    if (target.members.length + (target.imported?.servers.length ?? 0) === 0) return null;
    return withLimit(signal, READ_TIMEOUT_MS, async (limited) => {
      try {
        return await readMembership(this.#accessTo(target, READ_TIMEOUT_MS, limited));
      } catch (error) {
        if (error instanceof ZkError || limited.aborted) return null;
        throw error;
      }
    });
  }

  readImport(source: ImportSource, signal: AbortSignal): Promise<ImportReading> {
    return withLimit(signal, CHANGE_TIMEOUT_MS, (limited) => readImport(source, limited));
  }

  async addMember(
    target: EnsembleTarget,
    change: Parameters<MemberAccess["addMember"]>[1],
    signal: AbortSignal,
  ): Promise<void> {
    const line = this.#places.lineOf(target, change.sid, change.role);
    await this.#reconfigure(target, { add: [line] }, change.fromVersion, signal);
  }

  async removeMember(
    target: EnsembleTarget,
    { sid, fromVersion }: Parameters<MemberAccess["removeMember"]>[1],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#reconfigure(target, { remove: [sid] }, fromVersion, signal);
  }

  async transferLeadership(
    target: EnsembleTarget,
    { from, to }: { readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Promise<void> {
    const leader = target.members.find(({ sid }) => sid === from);
    if (leader === undefined) throw refused(`Member ${String(from)} has no address`);
    const { status, body } = await this.#askToHandOver(target, leader, to, signal);
    if (status === 200) return;
    const said = typeof body["error"] === "string" ? body["error"] : `status ${String(status)}`;
    throw refused(`Member ${String(from)} does not hand over to member ${String(to)}: ${said}`);
  }

  async #askToHandOver(
    target: EnsembleTarget,
    leader: MemberTarget,
    to: number,
    signal: AbortSignal,
  ): Promise<AdminAnswer> {
    try {
      return await withLimit(signal, CHANGE_TIMEOUT_MS, (limited) =>
        askAdmin({
          method: "POST",
          url: this.#adminUrl(target, leader, `transfer_leadership?target=${String(to)}`),
          headers: { authorization: `digest ${operatorCredentials(target.adminPassword)}` },
          signal: limited,
        }),
      );
    } catch (error) {
      if (error instanceof MemberError) throw refused(error.message, error);
      throw error;
    }
  }

  /** Null for a member that does not answer, or is not the one that was expected there. */
  async #readState(
    target: EnsembleTarget,
    member: MemberTarget,
    signal: AbortSignal,
  ): Promise<MemberState | null> {
    try {
      const url = this.#adminUrl(target, member, "member_state");
      const state = parseMemberState((await askAdmin({ method: "GET", url, signal })).body);
      return state.sid === member.sid ? state : null;
    } catch (error) {
      if (error instanceof MemberError) return null;
      throw error;
    }
  }

  async #reconfigure(
    target: EnsembleTarget,
    change: MembershipChange,
    fromVersion: bigint,
    signal: AbortSignal,
  ): Promise<void> {
    await withLimit(signal, CHANGE_TIMEOUT_MS, async (limited) => {
      const access = this.#accessTo(target, CHANGE_TIMEOUT_MS, limited);
      try {
        await changeMembership(access, change, fromVersion);
      } catch (error) {
        if (error instanceof ZkError) throw refused(error.message, error);
        if (!limited.aborted) throw error;
        throw refused("The ensemble did not answer in time to a change of its members", error);
      }
    });
  }

  #accessTo(target: EnsembleTarget, timeoutMs: number, signal: AbortSignal): EnsembleAccess {
    const { members, imported, adminPassword } = target;
    const servers = members.map(({ sid, podIp }) => {
      return `${hostInUrl(podIp)}:${String(this.#places.portsOf(target, sid).client)}`;
    });
    servers.push(...(imported?.servers ?? []).map(({ address }) => address));
    const credentials = [operatorCredentials(adminPassword), imported?.credentials ?? null];
    return {
      servers: servers.join(","),
      credentials: credentials.filter((one) => one !== null),
      timeoutMs,
      signal,
    };
  }

  #adminUrl(target: EnsembleTarget, { sid, podIp }: MemberTarget, command: string): string {
    const { admin } = this.#places.portsOf(target, sid);
    return `${hostInUrl(podIp)}:${String(admin)}/commands/${command}`;
  }
}

function hostInUrl(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function refused(problem: string, cause?: unknown): OperatorError {
  return new OperatorError("MEMBERS_REFUSED", problem, cause);
}
