/**
 * Who the members should be: a second, plain implementation of what reconfigurations do, fed with
 * requests in the order in which they were decided. It knows each configuration that ever was, so
 * that a transaction can be held against the quorums of its time.
 */
import { ErrorCode, zxidCounter } from "../../../src/wire/index.ts";
import { memberLine } from "./config-files.ts";
import type { Outcome } from "./model-tree.ts";
import type { MemberRequest, Roles } from "./request.ts";

/** One configuration. */
export interface Members {
  /** zxid of the change that made it; 0 for the first one, which is named after an epoch. */
  readonly version: bigint;
  readonly roles: Roles;
}

/** What a leader may answer because of things that are in no history. */
const passingErrors: readonly number[] = [
  ErrorCode.reconfigInProgress,
  ErrorCode.newConfigNoQuorum,
];

export class ModelMembers {
  /** All that ever were, oldest first. */
  readonly #all: Members[];

  constructor(first: Roles) {
    this.#all = [{ version: 0n, roles: first }];
  }

  get newest(): Members {
    return this.#all[this.#all.length - 1]!;
  }

  get changeCount(): number {
    return this.#all.length - 1;
  }

  /** Carries out a request as transaction `zxid`. @param err what the server answered. */
  apply(request: MemberRequest, zxid: bigint, err: number): Outcome {
    if (passingErrors.includes(err)) return { err };
    const expected = this.#errorOf(request, err);
    if (expected !== 0) return { err: expected };
    const roles = new Map(request.all ?? this.newest.roles);
    for (const sid of request.leaving) roles.delete(sid);
    for (const [sid, role] of request.joining) roles.set(sid, role);
    if (votersOf(roles).length === 0) return { err: ErrorCode.badArguments };
    this.#all.push({ version: zxid, roles });
    return { err: 0, text: textOf(this.newest) };
  }

  /** The configuration as of `zxid`. */
  at(zxid: bigint): Members {
    return this.#all.findLast(({ version }) => version <= zxid)!;
  }

  /** Those whose quorums decide `zxid`: the one before it, and what it makes of that. */
  decidersOf(zxid: bigint): readonly Members[] {
    const before = this.at(zxid - 1n);
    const after = this.at(zxid);
    return before === after ? [before] : [before, after];
  }

  #errorOf({ fromVersion }: MemberRequest, err: number): number {
    const { version } = this.newest;
    // Which epoch gave the first one its name is in no transaction.
    if (version === 0n && fromVersion !== -1n && zxidCounter(fromVersion) === 0) {
      return err === 0 ? 0 : ErrorCode.badVersion;
    }
    return fromVersion === -1n || fromVersion === version ? 0 : ErrorCode.badVersion;
  }
}

export function votersOf(roles: Roles): bigint[] {
  return [...roles].filter(([, role]) => role === "participant").map(([sid]) => sid);
}

/** A configuration as `/zookeeper/config` shows it. */
export function textOf({ version, roles }: Members): string {
  const sorted = [...roles].sort(([one], [other]) => (one < other ? -1 : 1));
  const lines = sorted.map(([sid, role]) => memberLine(sid, role));
  return [...lines, `version=${version.toString(16)}`].join("\n");
}
