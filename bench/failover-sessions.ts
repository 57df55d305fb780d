/**
 * Whether many sessions live through the end of their leader: opens them on three servers, each with
 * an ephemeral node, kills the leader with SIGKILL, and waits until every client has a server again
 * and then for twice the session timeout. Prints, for each round, how long the clients were without a
 * server, and how many sessions expired; exits with code 1 when any did, or a node is missing.
 * `--help` lists the options. The clients share one thread: give it a core.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { EnsembleClient } from "../src/client/index.ts";
import { waitUntilServing } from "../test/compat/support/server-process.ts";
import { describeMachine } from "./machine.ts";
import { formatCount, parseNumber } from "./numbers.ts";
import { SideName, startSide } from "./side.ts";
import type { Side } from "./side.ts";
import { openWorkspace } from "./workspace.ts";

const USAGE = `npm run bench:failover-sessions -- [options]
  --sessions N       sessions to open (10000)
  --rounds N         leaders to kill (3)
  --timeout-ms N     session timeout (30000)
  --folder DIR       where the servers' data goes (the temporary folder)`;

const SERVER_COUNT = 3;
/** Sessions that are opened at a time. */
const OPENING = 100;
const PARENT = "/sessions";
const POLL_MS = 50;

interface Options {
  readonly sessions: number;
  readonly rounds: number;
  readonly timeoutMs: number;
}

async function main(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sessions: { type: "string", default: "10000" },
      rounds: { type: "string", default: "3" },
      "timeout-ms": { type: "string", default: "30000" },
      folder: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return true;
  }
  const options = {
    sessions: parseNumber("--sessions", values.sessions, 1, 50_000),
    rounds: parseNumber("--rounds", values.rounds, 1, 1000),
    timeoutMs: parseNumber("--timeout-ms", values["timeout-ms"], 4000, 40_000),
  };
  const workspace = openWorkspace(values.folder);
  console.log((await describeMachine(workspace.fileSystem)).join("\n"));
  const config = { maxClientCnxns: 0 };
  const { folder: baseFolder } = workspace;
  const name = SideName.ours;
  const side = await startSide({ name, serverCount: SERVER_COUNT, baseFolder, config });
  try {
    return await measure(side, options);
  } finally {
    await side.stop();
  }
}

/** Whether no session was lost. */
async function measure(side: Side, options: Options): Promise<boolean> {
  const clients = await openSessions(side, options);
  let isGood = true;
  for (let round = 1; round <= options.rounds; round += 1) {
    const modes = await waitUntilServing(side.servers);
    const leaderIndex = modes.indexOf("leader");
    const without = new Outage(clients);
    await side.servers[leaderIndex]?.kill();
    await side.restart(leaderIndex);
    await without.end();
    // Whatever the new leader believes of a session shows by then.
    await sleep(2 * options.timeoutMs);
    const expired = clients.filter(({ state }) => state === "expired").length;
    const left = await countNodes(side);
    console.log(
      `  round ${round}  leader ${leaderIndex + 1} killed: ${without.describe()}; ` +
        `${expired} sessions expired, ${formatCount(left)} ephemeral nodes`,
    );
    isGood &&= expired === 0 && left === clients.length;
  }
  console.log(isGood ? "No session expired" : "Sessions were lost");
  return isGood;
}

async function openSessions(side: Side, options: Options): Promise<EnsembleClient[]> {
  const startedMs = performance.now();
  const settings = { sessionTimeoutMs: options.timeoutMs, firstConnectTimeoutMs: 60_000 };
  const clients: EnsembleClient[] = [];
  const first = await EnsembleClient.connect(side.connectString, settings);
  await first.create(PARENT);
  await first.close();
  while (clients.length < options.sessions) {
    const count = Math.min(OPENING, options.sessions - clients.length);
    const opened = Array.from({ length: count }, async (_, index) => {
      const client = await EnsembleClient.connect(side.connectString, settings);
      await client.create(`${PARENT}/${clients.length + index}`, "", { mode: "ephemeral" });
      return client;
    });
    clients.push(...(await Promise.all(opened)));
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${formatCount(clients.length)} sessions opened in ${seconds} s`);
  return clients;
}

async function countNodes(side: Side): Promise<number> {
  const client = await EnsembleClient.connect(side.connectString);
  await client.sync(PARENT);
  const { children } = await client.getChildren(PARENT);
  await client.close();
  return children.length;
}

/** Watches who loses the server that it was on, and when all have one again. */
class Outage {
  readonly #clients: readonly EnsembleClient[];
  readonly #stops: (() => void)[];
  #lostCount = 0;
  #firstLossMs = 0;
  #lastReturnMs = 0;

  constructor(clients: readonly EnsembleClient[]) {
    this.#clients = clients;
    this.#stops = clients.map((client) => client.onState((state) => this.#note(state)));
  }

  /** Resolves when nobody looks for a server any more. */
  async end(): Promise<void> {
    while (this.#clients.some(({ state }) => state === "disconnected")) await sleep(POLL_MS);
    for (const stop of this.#stops) stop();
  }

  describe(): string {
    const ms = Math.max(0, this.#lastReturnMs - this.#firstLossMs);
    return `${formatCount(this.#lostCount)} lost their server, all had one after ${formatCount(ms)} ms`;
  }

  #note(state: EnsembleClient["state"]): void {
    if (state === "connected") this.#lastReturnMs = performance.now();
    if (state !== "disconnected") return;
    if (this.#lostCount === 0) this.#firstLossMs = performance.now();
    this.#lostCount += 1;
  }
}

try {
  process.exit((await main(process.argv.slice(2))) ? 0 : 1);
} catch (error) {
  console.error(`failover-sessions: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
