/** Admin commands that report on the ensemble as this server sees it (ZooKeeper 3.9 `Commands`). */
import { formatHex, zxidCounter, zxidEpoch } from "../../wire/index.ts";
import type { ServerSpec } from "../../wire/index.ts";
import type { AdminCommand, CommandContext, CommandResult } from "./admin-command.ts";
import type { ServerFacts } from "./server-facts.ts";

export const quorumCommands: readonly AdminCommand[] = [
  { names: ["leader", "lead"], run: leader },
  {
    names: ["observer_connection_stat_reset", "orst"],
    run: ({ facts }) => {
      facts.replica.links.resetCounts();
      return {};
    },
  },
  { names: ["observers", "obsr"], run: observers },
  { names: ["voting_view"], run: votingView },
  { names: ["zabstate"], needsServer: false, run: zabState },
];

function leader({ facts }: CommandContext): CommandResult {
  if (!facts.config.replicated) return { data: { error: "server is not initialized" } };
  const { leaderSid } = facts.replica.peer;
  const address = leaderSid === undefined ? undefined : facts.members.servers.get(leaderSid);
  return {
    data: {
      is_leader: facts.mode === "leader",
      leader_id: leaderSid ?? -1n,
      leader_ip: address?.addresses[0]?.host ?? "",
    },
  };
}

function observers({ facts }: CommandContext): CommandResult {
  const synced = facts.learners.filter(
    ({ stage, isFollower }) => stage === "synced" && !isFollower,
  );
  return {
    data: {
      synced_observers: synced.length,
      observers: synced.map(({ link, sid, lastZxid }) => {
        const report = facts.replica.links.report(link);
        return {
          remote_socket_address: report?.remoteAddress ?? "",
          sid,
          established: report === undefined ? -1 : facts.wallTimeOf(report.openedAtMs),
          // Packets are queued as the bytes they are: how many they are is not known.
          queued_packets: 0,
          queued_packets_size: report?.queuedBytes ?? 0,
          packets_received: report?.receivedCount ?? 0,
          packets_sent: report?.sentCount ?? 0,
          requests: 0,
          last_zxid: formatHex(lastZxid),
        };
      }),
    },
  };
}

function votingView({ facts }: CommandContext): CommandResult {
  const voters = [...facts.members.servers.values()].filter(({ role }) => role === "participant");
  const view = voters.map((server) => [
    String(server.sid),
    {
      server_addresses: addressesOf(server, "quorumPort"),
      election_addresses: addressesOf(server, "electionPort"),
      client_address: clientAddressOf(facts, server),
      learner_type: server.role,
    },
  ]);
  return { data: { current_config: Object.fromEntries(view) } };
}

function zabState({ facts }: CommandContext): CommandResult {
  const own = facts.parts === undefined ? undefined : facts.ownLine;
  if (facts.mode === null || own === undefined) return { data: { voting: false, zabstate: "" } };
  const zxid = facts.tree.lastProcessedZxid;
  return {
    data: {
      myid: facts.sid,
      is_leader: facts.mode === "leader",
      quorum_address: describeAddress(own, "quorumPort"),
      election_address: describeAddress(own, "electionPort"),
      client_address: clientAddressOf(facts, own),
      voting: facts.members.servers.get(facts.sid)?.role === "participant",
      last_zxid: formatHex(zxid),
      zab_epoch: zxidEpoch(zxid),
      zab_counter: zxidCounter(zxid),
      zabstate: "broadcast",
    },
  };
}

type PortName = "quorumPort" | "electionPort";

function addressesOf({ addresses }: ServerSpec, port: PortName): string[] {
  return addresses.map((address) => formatAddress(address.host, address[port]));
}

/** A server's own client address may stand in `clientPort` instead of its server line. */
function clientAddressOf({ config, sid }: ServerFacts, server: ServerSpec): string {
  const { clientAddress } = server;
  if (clientAddress !== undefined) return formatAddress(clientAddress.host, clientAddress.port);
  if (server.sid !== sid || config.clientPort === null) return "";
  return formatAddress(config.clientPortAddress ?? "0.0.0.0", config.clientPort);
}

/** The members that Java's `MultipleAddresses` shows; a server has one address. */
function describeAddress(server: ServerSpec, port: PortName): Record<string, unknown> {
  const all = addressesOf(server, port);
  const first = all[0] ?? "";
  return {
    empty: all.length === 0,
    all_addresses: all,
    wildcard_addresses: server.addresses.map((address) => `0.0.0.0:${address[port]}`),
    all_ports: server.addresses.map((address) => address[port]),
    all_host_strings: server.addresses.map(({ host }) => host),
    reachable_address: first,
    all_reachable_addresses: all,
    all_reachable_addresses_or_all: all,
    reachable_or_one: first,
    one: first,
  };
}

function formatAddress(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
