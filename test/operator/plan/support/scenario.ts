/**
 * Scenarios of the planner as text. A file holds any number of them, apart by an empty line: a
 * comment that says what it shows, what is wanted and observed, a line `----`, and what the planner
 * answers. What is not said is as in an ensemble at rest with what is wanted.
 *
 *     want replicas=3 observers=0 paused hibernated deleted whenScaled=Delete whenDeleted=Delete
 *     want import                          also: import=joined, to stay so
 *     want recover=1@0x100000010 accepted  from the loss of the quorum; also: of=theirs
 *     importable 1,2,3                     what is found of that; also: ReconfigDisabled etc.
 *     recorded Running sizes=3+0           also: nothing, Forming, Importing (old=1,2,3),
 *                                          Recovering, recovered (from member 1)
 *     children outdated unsettled founding missing sizes=3+0 outgrown-members outgrown-observers
 *     committed voters=1,2,3 observers=101        also: none
 *     hand-overs failed=3
 *     2 follower outdated                  a member: its role, and what is not well
 *     old 2 follower lag=5                 a server that is imported, likewise
 *
 * Of a member: leader, follower, observer, learner, silent (does not answer), absent (has no pod);
 * pending, terminating, outdated, unready, unsynced, lag=5, epoch=2, restarts=7, crashLooping,
 * unschedulable, imageUnavailable, foreign, incomplete, quarantined, uid=theirs (or none),
 * zxid=0x10, last=0x10 (as it is on record), voters=1,2 (as it knows them), serves-nobody,
 * claim=lost (or pending, terminating, none), mark=theirs (or none), first=4 (the first id, as it
 * is on its volume), volume=short (or refused, underway, awaitsRestart, failed),
 * settings=theirs (other ones than it is to have; or restart, unsaid).
 */
import assert from "node:assert";
import {
  describeConditions,
  describeMembers,
  planEnsemble,
} from "../../../../src/operator/plan/index.ts";
import type {
  EnsembleObserved,
  EnsembleStep,
  EnsembleWanted,
  ImportReading,
  ObservedEnsembleMember,
} from "../../../../src/operator/plan/index.ts";
import {
  atRest,
  importedServers,
  joined,
  member,
  oldServer,
  report,
  wanted,
} from "./observations.ts";
import type { ObservedPod, ObservedReport } from "./observations.ts";

const SEPARATOR = "----";

interface Scenario {
  readonly wanted: EnsembleWanted;
  readonly observed: EnsembleObserved;
}

/** The text of a file with what the planner answers now. */
export function replayScenarios(text: string): string {
  const blocks = text.trimEnd().split(/\n\n+/u);
  return `${blocks.map(replay).join("\n\n")}\n`;
}

function replay(block: string): string {
  const lines = block.split("\n");
  const end = lines.indexOf(SEPARATOR);
  const given = end === -1 ? lines : lines.slice(0, end);
  const statements = given.filter((line) => !line.startsWith("#"));
  if (statements.length === 0) return block;
  const scenario = parseScenario(statements);
  const step = planEnsemble(scenario.wanted, scenario.observed);
  return [...given, SEPARATOR, ...formatStep(step), ...formatStatus(scenario, step)].join("\n");
}

function formatStep({ action, reason, progress }: EnsembleStep): string[] {
  const { kind, ...fields } = action;
  const values = Object.entries(fields).map(([name, value]) => `${name}=${formatValue(value)}`);
  return [[kind, ...values].join(" "), `${progress}: ${reason}`];
}

/** Progressing says what the step says; of the rest, what is not as it should be. */
function formatStatus(scenario: Scenario, step: EnsembleStep): string[] {
  const facts = describeConditions(scenario.wanted, scenario.observed, step);
  const { memberSummary, members } = describeMembers(scenario.wanted, scenario.observed);
  const usual = new Set(["AsWanted", "AsExpected", "QuorumServes", "QuorumHealthy", "InSync"]);
  const unusual = Object.entries(facts)
    .flatMap(([type, fact]) => (fact === null ? [] : [{ type, ...fact }]))
    .filter(({ type, reason }) => type !== "Progressing" && !usual.has(reason))
    .map(({ type, reason }) => `${type}: ${reason}`);
  const unready = members.flatMap(({ id, reason }) =>
    reason === undefined ? [] : [`${id}=${reason}`],
  );
  return [
    [memberSummary, ...unready].join(" "),
    ...(unusual.length > 0 ? [unusual.join(", ")] : []),
  ];
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(formatValue).join(",");
  if (typeof value === "object" && value !== null && "sid" in value) return String(value.sid);
  if (typeof value === "object" && value !== null) return Object.values(value).join("+");
  return String(value);
}

function parseScenario(lines: readonly string[]): Scenario {
  const statements = lines.map((line) => line.split(/\s+/u));
  const of = (word: string): string[] => statements.find(([first]) => first === word) ?? [];
  const goal = parseWanted(of("want"));
  const rest = atRest(goal.replicas, goal.observers);
  const recorded = parseRecorded(of("recorded"), rest);
  const children = parseChildren(of("children"), { ...rest, recorded });
  const committed = parseCommitted(of("committed"), { ...rest, recorded });
  const standard = standardOf(recorded).members;
  const hasNothing = recorded.phase === null;
  const members = new Map((hasNothing ? [] : standard).map((each) => [each.sid, each]));
  for (const [first, ...words] of statements) {
    const isOld = first === "old";
    const sid = Number(isOld ? words.shift() : first);
    if (!Number.isInteger(sid)) continue;
    members.set(sid, words.reduce(changeMember, isOld ? oldServer(sid) : member(sid)));
  }
  return {
    wanted: goal,
    observed: {
      recorded,
      children,
      committed,
      members: [...members.values()].sort((a, b) => a.sid - b.sid),
      failedHandOvers: Number(valueOf(of("hand-overs"), "failed") ?? 0),
      importable: parseImportable(of("importable")),
    },
  };
}

/** What an ensemble with this record has, if all is well. */
function standardOf({ phase, sizes, imported }: EnsembleObserved["recorded"]): EnsembleObserved {
  const { members, observers } = sizes;
  if (imported.length === 0) return atRest(members, observers);
  const old = imported.map(({ sid }) => sid);
  const both = joined(members, observers, old);
  if (phase === "Importing" || both.committed === null) return both;
  const voters = both.committed.voters.filter((sid) => !old.includes(sid));
  const rest = both.members.filter(({ sid }) => !old.includes(sid));
  return { ...both, committed: { ...both.committed, voters }, members: rest };
}

function parseImportable([, what]: readonly string[]): ImportReading | null {
  if (what === undefined) return null;
  const servers = importedServers(what.split(",").map(Number));
  if (/^[0-9]/u.test(what)) return { kind: "servers", servers };
  type Reason = Extract<ImportReading, { readonly kind: "problem" }>["reason"];
  return { kind: "problem", reason: what as Reason, message: "It cannot be joined as it is" };
}

function parseWanted(words: readonly string[]): EnsembleWanted {
  const retention = (name: string) => (valueOf(words, name) === "Delete" ? "Delete" : "Retain");
  return wanted({
    replicas: Number(valueOf(words, "replicas") ?? 3),
    observers: Number(valueOf(words, "observers") ?? 0),
    isPaused: words.includes("paused"),
    isHibernated: words.includes("hibernated"),
    isDeleted: words.includes("deleted"),
    import: parseImport(words),
    recovery: parseConsent(words),
    retention: { whenScaled: retention("whenScaled"), whenDeleted: retention("whenDeleted") },
  });
}

function parseConsent(words: readonly string[]): EnsembleWanted["recovery"] {
  const [survivor, zxid] = (valueOf(words, "recover") ?? "").split("@");
  if (survivor === undefined || zxid === undefined) return null;
  return {
    survivor: Number(survivor),
    ensembleUid: valueOf(words, "of") ?? "ours",
    zxid: BigInt(zxid),
    acceptsLoss: words.includes("accepted"),
  };
}

function parseImport(words: readonly string[]): EnsembleWanted["import"] {
  if (words.includes("import=joined")) return { takesOver: false };
  return words.includes("import") ? { takesOver: true } : null;
}

function parseRecorded(words: readonly string[], rest: EnsembleObserved) {
  if (words.includes("nothing")) {
    const sizes = { members: 0, observers: 0 };
    return { ...rest.recorded, phase: null, ensembleUid: null, sizes };
  }
  const sizes = parseSizes(words) ?? rest.recorded.sizes;
  const old = parseSids(valueOf(words, "old"));
  if (old !== undefined) {
    const { phase, firstSid, imported } = joined(0, 0, old).recorded;
    const isOver = words.includes("Running");
    return {
      ...rest.recorded,
      phase: isOver ? ("Running" as const) : phase,
      firstSid,
      imported,
      sizes,
    };
  }
  if (words.includes("Recovering") || words.includes("recovered")) {
    const others = [2, 3].map((sid) => ({ sid, zxid: null }));
    const recovery = { survivor: 1, lostUid: "lost", zxid: 0x1_0000_0010n, others };
    const phase = words.includes("recovered") ? ("Running" as const) : ("Recovering" as const);
    return { ...rest.recorded, sizes, phase, recovery };
  }
  if (!words.includes("Forming")) return { ...rest.recorded, sizes };
  const founders = Array.from({ length: sizes.members }, (_, index) => index + 1);
  return { ...rest.recorded, phase: "Forming" as const, founders, sizes };
}

function parseChildren(words: readonly string[], { recorded }: EnsembleObserved) {
  const isMissing = words.includes("missing") || recorded.phase === null;
  return {
    isCurrent: !isMissing && !words.includes("outdated"),
    isSettled: !isMissing && !words.includes("unsettled"),
    isFounding: words.includes("founding"),
    outgrown: (["members", "observers"] as const).filter((component) => {
      return words.includes(`outgrown-${component}`);
    }),
    sizes: isMissing ? { members: null, observers: null } : (parseSizes(words) ?? recorded.sizes),
  };
}

function parseCommitted(words: readonly string[], { recorded }: EnsembleObserved) {
  if (words.includes("none") || recorded.phase === null) return null;
  const { committed: standard } = standardOf(recorded);
  assert(standard !== null);
  return {
    version: standard.version,
    voters: parseSids(valueOf(words, "voters")) ?? standard.voters,
    observers: parseSids(valueOf(words, "observers")) ?? standard.observers,
  };
}

function parseSids(text: string | undefined): number[] | undefined {
  return text?.split(",").filter(Boolean).map(Number);
}

function parseSizes(words: readonly string[]) {
  const [members, observers] = (valueOf(words, "sizes") ?? "").split("+");
  if (members === undefined || observers === undefined) return undefined;
  return { members: Number(members), observers: Number(observers) };
}

function valueOf(words: readonly string[], name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

type ClaimState = ObservedEnsembleMember["claims"][number]["state"];

function changeMember(before: ObservedEnsembleMember, word: string): ObservedEnsembleMember {
  const [name, value = ""] = word.split("=");
  const withPod = (change: Partial<ObservedPod>): ObservedEnsembleMember => {
    assert(before.pod !== null, `A pod for '${word}'`);
    return { ...before, pod: { ...before.pod, ...change } };
  };
  const withReport = (change: Partial<ObservedReport>): ObservedEnsembleMember => {
    assert(before.report !== null, `A report for '${word}'`);
    return { ...before, report: { ...before.report, ...change } };
  };
  switch (name) {
    case "leader":
    case "follower":
    case "observer":
    case "learner":
      return { ...before, report: report(name) };
    case "serves-nobody":
      return { ...before, report: report("none") };
    case "silent":
      return { ...before, report: null };
    case "absent":
      return { ...before, pod: null, report: null };
    case "pending":
      return { ...withPod({ state: "pending", isReady: false }), report: null };
    case "terminating":
      return withPod({ state: "terminating", isReady: false });
    case "outdated":
      return withPod({ isCurrent: false });
    case "unready":
      return withPod({ isReady: false });
    case "restarts":
      return withPod({ restarts: Number(value) });
    case "crashLooping":
    case "unschedulable":
    case "imageUnavailable":
    case "foreignVolume":
      return withPod({ trouble: name, isReady: false });
    case "unsynced":
      return withReport({ isSynced: false });
    case "lag":
    case "epoch":
      return withReport({ [name]: Number(value) });
    case "foreign":
    case "incomplete":
    case "quarantined":
      return withReport({ diskProblem: name, isSynced: false, role: "none" });
    case "settings": {
      const digest = value === "theirs" ? "theirs" : "wanted";
      const settings = { digest, awaitsRestart: value === "restart" };
      const said = withReport(value === "unsaid" ? {} : { settings });
      return { ...said, settingsDigest: "wanted" };
    }
    case "uid":
      return withReport({ ensembleUid: value === "none" ? null : value });
    case "zxid":
      return withReport({ zxid: BigInt(value) });
    case "voters":
      return withReport({ voters: parseSids(value) ?? null });
    case "last":
      return { ...before, lastZxid: BigInt(value) };
    case "claim":
      return { ...before, claims: changeClaims(before.claims, value) };
    case "first":
      return {
        ...before,
        claims: before.claims.map((claim) => ({ ...claim, firstSid: Number(value) })),
      };
    case "mark":
      return {
        ...before,
        claims: before.claims.map((claim) => ({
          ...claim,
          ensembleUid: value === "none" ? null : value,
        })),
      };
    case "volume": {
      const growth = value as ObservedEnsembleMember["claims"][number]["growth"];
      return { ...before, claims: before.claims.map((claim) => ({ ...claim, growth })) };
    }
    default:
      throw new Error(`Unknown word '${word}' about member ${before.sid}`);
  }
}

function changeClaims(claims: ObservedEnsembleMember["claims"], state: string) {
  if (state === "none") return [];
  return claims.map((claim) => ({ ...claim, state: state as ClaimState }));
}
