/**
 * Carries out one action of the planner with processes and folders, on the observation that it was
 * decided on. Nobody else manages the folder, so that what was observed of it holds; members are
 * asked on condition of what they said.
 */
import { randomUUID } from "node:crypto";
import type { EnsembleAction } from "../plan/ensemble-action.ts";
import { sidsOf } from "../plan/ensemble-view.ts";
import { recordAfter } from "../reconcile/record.ts";
import { writeChildren } from "./local-children.ts";
import type { LocalFolder } from "./local-folder.ts";
import type { LocalProcesses } from "./local-processes.ts";
import { LOCAL_HOST } from "./member-files.ts";
import type { LocalObservation, LocalParts } from "./observe.ts";

/**
 * Carries out `action`.
 *
 * @throws OperatorError FILE_ACCESS, PORT_TAKEN, or MEMBERS_REFUSED.
 */
export async function carryOut(
  action: EnsembleAction,
  { observed, target }: LocalObservation,
  parts: LocalParts,
  signal: AbortSignal,
): Promise<void> {
  const { folder, processes, members, decisions } = parts;
  switch (action.kind) {
    case "recordForming":
    case "recordImporting":
    case "recordAdopted":
    case "recordRecovery":
    case "recordRunning":
    case "recordSizes":
      return record(action, folder);
    case "applyChildren": {
      const { committed } = observed;
      writeChildren(folder, { ...decisions, committed }, action.isFounding);
      processes.resize(action.sizes);
      return;
    }
    case "resizeStatefulSet":
      processes.resize({ ...sizesOf(processes), [action.component]: action.replicas });
      return;
    case "addMember":
      return members.addMember(target, { ...action, host: LOCAL_HOST }, signal);
    case "removeMember":
      return members.removeMember(target, action, signal);
    case "transferLeadership":
      return members.transferLeadership(target, action, signal);
    case "deletePod":
      processes.replace(action.sid, action.uid);
      return;
    case "deleteClaim":
      return folder.deleteClaim(action.sid, action.uid);
    // Of volumes on Kubernetes: nothing that is observed here asks for them.
    case "markClaim":
    case "growClaim":
    case "orphanPods":
    case "release":
    case "wait":
    case "none":
      return;
  }
}

/** Members that are to come have ports before they are written down. */
async function record(action: EnsembleAction, folder: LocalFolder): Promise<void> {
  // Nothing is imported or recovered here.
  const before = { ...folder.state, firstSid: 1, imported: [], recovery: null };
  const { phase, founders, ensembleUid, sizes } = recordAfter(before, action, randomUUID);
  await folder.reservePorts(sidsOf(sizes));
  folder.record({ phase, founders, ensembleUid, sizes });
}

function sizesOf({ sizes: { members, observers } }: LocalProcesses) {
  return { members: members ?? 0, observers: observers ?? 0 };
}
