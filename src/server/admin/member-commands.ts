/**
 * The admin command for a program that runs the ensemble, `member_state`: what this server is to
 * the ensemble, also while it serves nobody. It is ours; ZooKeeper has none of the kind. A leader
 * says of each learner how far it is, at the same moment as how far it is itself.
 */
import { formatHex } from "../../wire/index.ts";
import { lagBehind } from "../../zab/index.ts";
import type { AdminCommand, CommandContext, CommandResult } from "./admin-command.ts";
import type { ServerFacts, ServerParts } from "./server-facts.ts";

export const memberCommands: readonly AdminCommand[] = [
  { names: ["member_state"], needsServer: false, run: memberState },
];

function memberState({ facts }: CommandContext): CommandResult {
  const { parts } = facts;
  const settings = settingsOf(facts);
  if (parts === undefined) return { data: { server_id: facts.sid, role: "recovering", settings } };
  const { peer } = parts.replica;
  return {
    data: {
      server_id: facts.sid,
      role: roleOf(facts, parts),
      leader_id: peer.leaderSid ?? -1n,
      epoch: peer.currentEpoch,
      zxid: formatHex(parts.replica.tree.lastProcessedZxid),
      config_version: formatHex(parts.ensemble.active.version),
      voters: votersOf(parts),
      ensemble_id: peer.ensembleId,
      disk_problem: diskProblem(parts),
      settings,
      learners: [...(peer.leader?.learners() ?? [])].map((learner) => ({
        server_id: learner.sid,
        is_synced: learner.stage === "synced",
        zxid: formatHex(learner.reachedZxid),
        lag: lagBehind(peer.newestZxid, learner),
      })),
    },
  };
}

/** Which settings it was given last, and what of them takes a restart; null if nobody asks. */
function settingsOf({ settings }: ServerFacts): object | null {
  const { digest, awaitingRestart } = settings;
  return digest === null ? null : { digest, awaiting_restart: awaitingRestart };
}

/** Who has a vote as far as this server knows. */
function votersOf({ ensemble }: ServerParts): bigint[] {
  const servers = [...ensemble.active.servers.values()];
  return servers.filter(({ role }) => role === "participant").map(({ sid }) => sid);
}

/** A mode in which clients are served, or what keeps it from one. */
function roleOf({ mode }: ServerFacts, { replica }: ServerParts): string {
  if (mode !== null) return mode;
  return replica.peer.role === "looking" ? "looking" : "joining";
}

function diskProblem({ replica, storage }: ServerParts): string | null {
  const { peer } = replica;
  if (peer.rejection?.code === "wrong-ensemble") return "foreign";
  if (storage.isQuarantined) return "quarantined";
  return peer.isIncomplete ? "incomplete" : null;
}
