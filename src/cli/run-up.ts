/**
 * `ensemble up FILE`: runs the ensemble that a YAML file describes on this machine, follows the
 * file, tells what happens in plain lines, and stops it in order at Ctrl-C. The work is the local
 * operator's; this is its face.
 */
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import {
  LocalEnsemble,
  OperatorError,
  findUnusedFields,
  parseEnsemble,
  watchText,
} from "../operator/index.ts";
import type { Ensemble, LocalEvent, MemberReport } from "../operator/index.ts";
import { checkSettings } from "./check-settings.ts";
import { formatTable } from "./table.ts";
import type { UpDeps, UpFlags } from "./up-options.ts";

/** Resolves when the ensemble has been stopped. */
export async function runUp(file: string, flags: UpFlags, deps: UpDeps): Promise<void> {
  const { print } = deps;
  const text = readFile(file);
  const ensemble = readWanted(text, file);
  const { namespace, name } = ensemble.metadata;
  const folder = resolve(deps.workingFolder, flags.dataDir ?? join("data", namespace, name));
  const local = await LocalEnsemble.open({
    ensemble,
    folder,
    clientPortBase: flags.clientPortBase ?? null,
    peerPortBase: flags.peerPortBase ?? null,
    server: deps.server,
    clock: deps.clock,
    pid: deps.pid,
    onEvent: createEventPrinter(print),
  });
  const shownFolder = showPath(folder, deps.workingFolder);
  print(`${describe(ensemble)}, data in ${shownFolder}`);
  let signals = 0;
  deps.onStopSignal(() => {
    signals += 1;
    if (signals === 1) {
      print("Stopping; once more to stop at once");
      local.stop();
    } else {
      local.kill();
    }
  });
  const watch = watchText(file, text, (edited) => followEdit(edited, file, { local, print }));
  try {
    await local.run();
  } finally {
    watch.close();
  }
  print(`Stopped; the data stays in ${shownFolder}`);
}

/** @throws OperatorError INVALID_OBJECT */
function readWanted(text: string, file: string): Ensemble {
  const ensemble = parseEnsemble(text, file, checkSettings);
  refuseUnusedFields(ensemble, file);
  return ensemble;
}

/** What cannot be used is said, and changes nothing. */
function followEdit(
  text: string | null,
  file: string,
  { local, print }: { readonly local: LocalEnsemble; readonly print: (line: string) => void },
): void {
  try {
    if (text === null) throw new OperatorError("FILE_ACCESS", `Cannot read ${file}`);
    const ensemble = readWanted(text, file);
    local.want(ensemble);
    print(`${file} has changed: ${countMembers(ensemble)}`);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    print(`${error.problems.join("; ")}: the ensemble stays as it is`);
  }
}

function refuseUnusedFields({ spec }: Ensemble, file: string): void {
  const problems = findUnusedFields(spec).map(
    (field) => `${file}: ${field}: expected not to be set, as 'ensemble up' has no use for it yet`,
  );
  if (problems.length > 0) throw new OperatorError("INVALID_OBJECT", problems);
}

function readFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    const reason = code === "ENOENT" ? "no such file" : String(code);
    throw new OperatorError("FILE_ACCESS", `Cannot read ${file}: ${reason}`, error);
  }
}

function describe(ensemble: Ensemble): string {
  const { namespace, name } = ensemble.metadata;
  return `Ensemble ${namespace}/${name}: ${countMembers(ensemble)}`;
}

function countMembers({ spec: { replicas, observers } }: Ensemble): string {
  const count = (number: number, what: string): string =>
    `${String(number)} ${what}${number === 1 ? "" : "s"}`;
  const voters = count(replicas, "member");
  return observers === 0 ? voters : `${voters} and ${count(observers, "observer")}`;
}

function showPath(folder: string, workingFolder: string): string {
  const path = relative(workingFolder, folder);
  return path === "" || path.startsWith("..") ? folder : path;
}

/** Turns events into lines; until the quorum serves for the first time, roles are no news. */
function createEventPrinter(print: (line: string) => void): (event: LocalEvent) => void {
  let hasServed = false;
  return (event) => {
    for (const line of describeEvent(event, hasServed)) print(line);
    hasServed ||= event.kind === "serving";
  };
}

function describeEvent(event: LocalEvent, hasServed: boolean): string[] {
  const member = "id" in event ? `Member ${String(event.id)}` : "";
  switch (event.kind) {
    case "memberStarted":
      return [`${member} started, pid ${String(event.pid ?? "unknown")}`];
    case "memberStopping":
      return [`${member} is stopping`];
    case "memberStopped":
      return [`${member} stopped`];
    case "memberFailed": {
      const cause = event.signal ?? `exit code ${String(event.exitCode ?? "unknown")}`;
      return [`${member} ended unexpectedly (${cause})`];
    }
    case "roleChanged":
      if (!hasServed) return [];
      return [`${member} is ${ROLES[event.role] ?? event.role}`];
    case "progress":
      return [`${event.reason}: ${event.note}`];
    case "settingsTakenUp":
      return ["The members have taken the settings up; none was started anew for them"];
    case "waiting":
      return [`Waiting: ${event.reason}`];
    case "quorumLost":
      return ["No quorum: waiting for members"];
    case "stillWaiting": {
      const files = event.members.map(({ logFile }) => `  ${logFile}`);
      return ["Still waiting for a quorum; the members' logs are", ...files];
    }
    case "serving":
      if (hasServed) return ["The quorum serves again", ...formatMembers(event.members)];
      return [...formatTableAndAddress(event.members), "Press Ctrl-C to stop"];
    case "membersChanged":
      return formatTableAndAddress(event.members);
  }
}

const ROLES: Readonly<Partial<Record<MemberReport["role"], string>>> = {
  none: "not serving",
  learner: "getting the data",
};

function formatTableAndAddress(members: readonly MemberReport[]): string[] {
  const connection = members.map(({ clientAddress }) => clientAddress).join(",");
  return ["", ...formatMembers(members), "", `Connection string: ${connection}`];
}

function formatMembers(members: readonly MemberReport[]): string[] {
  const rows = members.map(({ id, role, clientAddress, adminAddress, pid }) => [
    String(id),
    role === "none" || role === "learner" ? "starting" : role,
    clientAddress,
    adminAddress,
    pid === null ? "-" : String(pid),
  ]);
  return formatTable(["ID", "ROLE", "CLIENT ADDRESS", "ADMIN ADDRESS", "PID"], rows);
}
