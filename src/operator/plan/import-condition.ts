/** How far the taking over of another ensemble's servers has come, as a condition says it. */
import type { ReasonOf } from "../api/conditions.ts";
import { hasQuorum, isCommitted, nameMembers } from "./ensemble-view.ts";
import type { EnsembleView } from "./ensemble-view.ts";
import {
  describeTakenIds,
  firstFreeSid,
  hasRoom,
  importedMembers,
  nameServers,
  wantedSids,
} from "./import.ts";

/** What the condition Imported is to say. */
export interface ImportFact {
  readonly reason: ReasonOf<"Imported">;
  readonly message: string;
}

/** The fact; null for an ensemble that did not begin with an import. */
export function describeImport(view: EnsembleView): ImportFact | null {
  const { wanted, observed } = view;
  const { phase, imported } = observed.recorded;
  if (phase === null) return wanted.import === null ? null : describeBeginning(view);
  if (imported.length === 0) return null;
  const servers = nameServers(imported);
  if (phase !== "Importing") {
    const message = `Old ${servers} left the membership: stop them when no client needs them`;
    return { reason: "OldServersMayGo", message };
  }
  const { committed } = observed;
  if (committed === null || !hasQuorum(view)) {
    const message = `No quorum of the members and old ${servers} answers`;
    return { reason: "NoQuorum", message };
  }
  const joining = wantedSids(view).filter((sid) => !isCommitted(committed, sid));
  if (joining.length > 0) {
    return { reason: "Joining", message: `${nameMembers(joining)} must join old ${servers}` };
  }
  if (wanted.import?.takesOver !== true) {
    const message = `The members and old ${servers} are one ensemble`;
    return { reason: "Joined", message };
  }
  const staying = imported.filter(({ sid }) => importedMembers(view).includes(sid));
  return { reason: "TakingOver", message: `Old ${nameServers(staying)} must leave the membership` };
}

function describeBeginning({ wanted, observed }: EnsembleView): ImportFact {
  const { importable } = observed;
  if (importable?.kind === "problem") {
    const { reason, message } = importable;
    return { reason, message };
  }
  if (importable === null) return { reason: "Joining", message: "The import has not begun" };
  if (!hasRoom(firstFreeSid(importable.servers), wanted.replicas)) {
    return { reason: "IdsTaken", message: describeTakenIds(importable.servers) };
  }
  return {
    reason: "Joining",
    message: `Members are to join old ${nameServers(importable.servers)}`,
  };
}
