/**
 * What a member answers to `member_state` (docs/operations.md), read with mistrust: whatever is
 * not as it should be makes the whole answer none.
 */
import type { DiskProblem, ReportedSettings } from "../plan/ensemble-observed.ts";
import { MemberError } from "./member-error.ts";

/** What a member says of itself. */
export interface MemberState {
  readonly sid: number;
  readonly role: string;
  readonly zxid: bigint;
  readonly epoch: number;
  readonly configVersion: bigint;
  /** Who has a vote as far as it knows; null if it does not say. */
  readonly voters: readonly number[] | null;
  readonly ensembleUid: string | null;
  readonly diskProblem: DiskProblem | null;
  /** Undefined if it does not say, as servers of an earlier version. */
  readonly settings?: ReportedSettings | undefined;
  /**
   * Of a leader: transactions that a synchronised learner may be behind, by id; null for a server
   * that does not say so, as ZooKeeper's do not.
   */
  readonly learnerLags: ReadonlyMap<number, number> | null;
}

type Fields = Readonly<Record<string, unknown>>;

const DISK_PROBLEMS: readonly DiskProblem[] = ["foreign", "incomplete", "quarantined"];

/** @throws MemberError `badAnswer` */
export function parseMemberState(body: Fields): MemberState {
  const sid = readNumber(body, "server_id");
  const role = readText(body, "role") ?? "none";
  if (role === "recovering") {
    const nothing = { zxid: 0n, epoch: 0, configVersion: 0n, ensembleUid: null, diskProblem: null };
    return { sid, role, ...nothing, voters: null, learnerLags: new Map() };
  }
  return {
    sid,
    role,
    zxid: readHex(body, "zxid"),
    epoch: readNumber(body, "epoch"),
    configVersion: readHex(body, "config_version"),
    voters: readVoters(body),
    ensembleUid: readText(body, "ensemble_id"),
    diskProblem: readDiskProblem(body),
    settings: readReportedSettings(body),
    learnerLags: readLearnerLags(body),
  };
}

function readDiskProblem(body: Fields): MemberState["diskProblem"] {
  const text = readText(body, "disk_problem");
  if (text === null) return null;
  return DISK_PROBLEMS.find((known) => known === text) ?? fail("disk_problem");
}

/** A server of an earlier version does not say it. */
function readVoters(body: Fields): number[] | null {
  const voters = body["voters"];
  if (voters === undefined) return null;
  if (!Array.isArray(voters) || voters.length > VOTERS_MAX) fail("voters");
  return (voters as unknown[]).map((sid) =>
    Number.isSafeInteger(sid) ? Number(sid) : fail("voters"),
  );
}

const VOTERS_MAX = 255;

function readReportedSettings(body: Fields): ReportedSettings | undefined {
  const settings = body["settings"];
  if (settings === undefined || settings === null) return undefined;
  if (typeof settings !== "object") fail("settings");
  const fields = settings as Fields;
  const awaiting = fields["awaiting_restart"];
  if (!Array.isArray(awaiting)) fail("settings");
  const digest = readText(fields, "digest") ?? fail("settings");
  return { digest, awaitsRestart: awaiting.length > 0 };
}

function readLearnerLags(body: Fields): Map<number, number> {
  const learners = body["learners"];
  if (!Array.isArray(learners)) fail("learners");
  const lags = new Map<number, number>();
  for (const learner of learners as unknown[]) {
    if (typeof learner !== "object" || learner === null) fail("learners");
    const fields = learner as Fields;
    if (fields["is_synced"] !== true) continue;
    lags.set(readNumber(fields, "server_id"), readNumber(fields, "lag"));
  }
  return lags;
}

function readNumber(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === "number" && Number.isSafeInteger(value) ? value : fail(name);
}

function readHex(fields: Fields, name: string): bigint {
  const value = fields[name];
  return typeof value === "string" && /^0x[0-9a-f]{1,16}$/u.test(value)
    ? BigInt(value)
    : fail(name);
}

function readText(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value === null) return null;
  return typeof value === "string" && value.length <= TEXT_LENGTH_MAX ? value : fail(name);
}

const TEXT_LENGTH_MAX = 100;

function fail(name: string): never {
  throw new MemberError("badAnswer", `Expected another ${name} in a member's state`);
}
