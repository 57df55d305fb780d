/**
 * Stands in for `ensemble server` where only its being a process matters: takes the same
 * arguments, reads the same configuration, and answers `srvr` on its client port. The live server
 * with the highest id leads, and a majority must be alive for anyone to serve, all for the first
 * time; they find each other by the files `alive` in their data folders. A test may put a file
 * `behaviour` there too: `fail` makes the server end at once, `stubborn` makes it ignore SIGTERM.
 * A file `initialize` that was there becomes `saw-initialize`.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { loadServerConfig } from "../../src/server/index.ts";

const file = process.argv[2] ?? "";
const config = loadServerConfig(file);
const initializeFile = join(config.dataDir, "initialize");
const formedFile = join(config.dataDir, "formed");
const aliveFile = join(config.dataDir, "alive");
const behaviour = existsSync(join(config.dataDir, "behaviour"))
  ? readFileSync(join(config.dataDir, "behaviour"), "utf8")
  : "";

if (behaviour.includes("fail")) {
  console.error("fake: told to fail");
  process.exit(3);
}

function isAlive(sid: bigint): boolean {
  const other = config.dataDir.replace(/member-[0-9]+/u, `member-${String(sid)}`);
  try {
    process.kill(Number(readFileSync(join(other, "alive"), "utf8")), 0);
    return true;
  } catch {
    return false;
  }
}

function mode(): string | null {
  const alive = [...config.servers.keys()].filter(isAlive);
  // All are awaited for the first time, so that a test knows who will lead.
  if (!existsSync(formedFile)) {
    if (alive.length < config.servers.size) return null;
    writeFileSync(formedFile, "");
  }
  if (alive.length * 2 <= config.servers.size) return null;
  return alive.at(-1) === config.myId ? "leader" : "follower";
}

const server = createServer((socket) => {
  socket.on("error", () => undefined);
  socket.once("data", () => {
    const role = mode();
    socket.end(
      role === null
        ? "This ZooKeeper instance is not currently serving requests\n"
        : `Zookeeper version: fake\nZxid: 0x100000000\nMode: ${role}\nNode count: 5\n`,
    );
  });
});

function stop(): void {
  rmSync(aliveFile, { force: true });
  process.exit(0);
}

if (!behaviour.includes("stubborn")) process.on("SIGTERM", stop);
else process.on("SIGTERM", () => undefined);
if (process.argv.includes("--stop-on-stdin-end")) process.stdin.once("close", stop).resume();
server.listen(config.clientPort ?? 0, config.clientPortAddress ?? "127.0.0.1", () => {
  if (existsSync(initializeFile))
    renameSync(initializeFile, join(config.dataDir, "saw-initialize"));
  writeFileSync(aliveFile, String(process.pid));
});
