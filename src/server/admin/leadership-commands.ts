/**
 * The admin command that hands the leadership over, `POST transfer_leadership?target=N`. It is
 * ours; ZooKeeper has none of the kind. Asked of a leader, it is answered when another one leads.
 */
import type { HandOverOutcome } from "../leadership.ts";
import type { AdminCommand, CommandContext, CommandResult } from "./admin-command.ts";

type Refusal = Extract<HandOverOutcome, { kind: "refused" }>;

export const leadershipCommands: readonly AdminCommand[] = [
  { names: ["transfer_leadership"], method: "POST", needsRoot: true, run: transferLeadership },
];

async function transferLeadership(context: CommandContext): Promise<CommandResult> {
  const { facts, parameters } = context;
  const text = parameters.get("target");
  if (text !== undefined && !/^\d{1,18}$/u.test(text)) {
    return { statusCode: 400, data: { error: "The target is not the id of a server" } };
  }
  const target = text === undefined ? undefined : BigInt(text);
  const outcome = await facts.clients.leadership.handOver(target);
  if (outcome.kind === "refused") return refuse(outcome, target);
  const leader = { leader_id: outcome.leader ?? -1n };
  if (outcome.kind === "failed") {
    const error = "The target was not ready in time, or the election ended otherwise";
    return { statusCode: 503, data: { ...leader, error } };
  }
  return { data: { ...leader, previous_leader_id: facts.sid, took_ms: outcome.tookMs } };
}

function refuse({ problem, leader }: Refusal, target: bigint | undefined): CommandResult {
  const data = { leader_id: leader ?? -1n };
  const which = `Server ${target ?? -1n}`;
  const errors: Readonly<Record<Refusal["problem"], string>> = {
    "not-leading": "This server does not lead: ask the one that does",
    "under-way": "The leadership is being handed over already",
    "leads-already": `${which} leads already`,
    "unknown-server": `${which} is not of this ensemble`,
    "no-voter": `${which} is an observer, and cannot lead`,
    "not-in-sync": `${which} is down, or is not in sync with the leader`,
    "no-candidate": "No other voter is in sync with this server",
  };
  return {
    statusCode: problem === "unknown-server" ? 404 : 409,
    data: { ...data, reason: problem, error: errors[problem] },
  };
}
