/**
 * How much memory one server takes for many nodes, many watches and many idle sessions, and how
 * long it takes to serve again from its disk. Prints a table. The nodes lie in `--directories`
 * directories; with a single one, its listing is timed as well.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { parseNumber } from "./numbers.ts";
import { readProcessUsage } from "./process-usage.ts";
import { RawConnection } from "./raw-connection.ts";
import { encodeCreate, encodeGetChildren, encodeGetData } from "./raw-frames.ts";
import { SideName, startSide } from "./side.ts";
import type { Side } from "./side.ts";
import { openWorkspace } from "./workspace.ts";

/** Sessions that the watches are dealt out to. */
const WATCHERS = 10;
/** Connections opened at a time. */
const OPENING = 100;
/** Time for garbage and pages to be given back before memory is read, in ms. */
const SETTLE_MS = 10_000;

interface SizeOptions {
  readonly nodes: number;
  readonly valueBytes: number;
  readonly directories: number;
  readonly sessions: number;
}

function parseOptions(): SizeOptions {
  const { values } = parseArgs({
    options: {
      nodes: { type: "string", default: "1e6" },
      "value-bytes": { type: "string", default: "100" },
      directories: { type: "string", default: "1000" },
      sessions: { type: "string", default: "10000" },
    },
  });
  return {
    nodes: parseNumber("--nodes", values.nodes, 1, 1e8),
    valueBytes: parseNumber("--value-bytes", values["value-bytes"], 0, 1e6),
    directories: parseNumber("--directories", values.directories, 1, 1e5),
    sessions: parseNumber("--sessions", values.sessions, 0, 50_000),
  };
}

function pathOf(index: number, { directories }: SizeOptions): string {
  return `/d${index % directories}/n${String(index).padStart(7, "0")}`;
}

class SizesRun {
  readonly #side: Side;
  readonly #options: SizeOptions;
  readonly #connections: RawConnection[] = [];

  constructor(side: Side, options: SizeOptions) {
    this.#side = side;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { nodes, sessions, directories } = this.#options;
    await this.#report("idle");
    await this.#seconds(`${nodes} nodes created`, () => this.#createNodes());
    await this.#report(`${nodes} nodes`);
    if (directories === 1) await this.#seconds("listing of all nodes", () => this.#list());
    await this.#side.servers[0]?.stop();
    await this.#seconds("restart until serving", () => this.#side.restart(0));
    await this.#report("after the restart");
    await this.#seconds(`${nodes} watches set`, () => this.#watch());
    await this.#report(`${nodes} watches more`);
    await this.#seconds(`${sessions} sessions opened`, () => this.#openSessions());
    await this.#report(`${sessions} idle sessions more`);
    for (const connection of this.#connections) connection.destroy();
  }

  async #createNodes(): Promise<void> {
    const connection = await this.#open();
    const value = Buffer.alloc(this.#options.valueBytes, "x");
    const { nodes, directories } = this.#options;
    const nothing = Buffer.alloc(0);
    await connection.succeedAll(directories, (at) => encodeCreate(1, `/d${at}`, nothing));
    await connection.succeedAll(nodes, (at) => encodeCreate(1, pathOf(at, this.#options), value));
    await connection.close();
  }

  async #list(): Promise<void> {
    const connection = await this.#open();
    const { body } = await connection.request(encodeGetChildren(1, "/d0"));
    if (body.readInt32BE(0) !== this.#options.nodes) throw new Error("The listing is incomplete");
    await connection.close();
  }

  async #watch(): Promise<void> {
    const share = Math.floor(this.#options.nodes / WATCHERS);
    for (let watcher = 0; watcher < WATCHERS; watcher++) {
      const connection = await this.#open();
      this.#connections.push(connection);
      await connection.succeedAll(share, (at) => {
        return encodeGetData(1, pathOf(watcher * share + at, this.#options), true);
      });
    }
  }

  async #openSessions(): Promise<void> {
    for (let count = 0; count < this.#options.sessions; count += OPENING) {
      const opening = Array.from({ length: OPENING }, () => this.#open());
      this.#connections.push(...(await Promise.all(opening)));
    }
  }

  #open(): Promise<RawConnection> {
    const port = this.#side.members[0]?.ports.client ?? 0;
    const address = { host: "127.0.0.1", port };
    // Nobody pings here: the sessions have to outlive the run.
    return RawConnection.open({ ...address, sessionTimeoutMs: 3_600_000, openTimeoutMs: 60_000 });
  }

  async #report(what: string): Promise<void> {
    await sleep(SETTLE_MS);
    const { rssBytes } = readProcessUsage(this.#side.servers[0]?.pid ?? 0);
    print(what, `${(rssBytes / 1e6).toFixed(0)} MB`);
  }

  async #seconds(what: string, work: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    await work();
    print(what, `${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  }
}

function print(what: string, figure: string): void {
  console.log(`${what.padEnd(32)}${figure.padStart(12)}`);
}

const options = parseOptions();
const side = await startSide({
  name: SideName.ours,
  serverCount: 1,
  baseFolder: openWorkspace().folder,
  config: { maxClientCnxns: 0, maxSessionTimeout: 3_600_000 },
});
try {
  await new SizesRun(side, options).run();
} finally {
  await side.stop();
}
