/**
 * node-zookeeper-client, installed in the folder argv[2], against the servers at argv[3]: what its
 * users rely on, before and after the process argv[4] (a leader) is killed; without it nobody is
 * killed. Prints one line of JSON for each check. The library has no types of its own.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

interface Stat {
  readonly version: number;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly ephemeralOwner: Buffer;
}
interface WatchEvent {
  readonly name: string;
  readonly path: string;
}
type Watcher = (event: WatchEvent) => void;
type Callback = (error: Error | null, ...results: unknown[]) => void;
interface Transaction {
  create(path: string, data: Buffer): Transaction;
  setData(path: string, data: Buffer, version: number): Transaction;
  check(path: string, version: number): Transaction;
  remove(path: string, version: number): Transaction;
  commit(callback: Callback): void;
}
interface Client {
  connect(): void;
  close(): void;
  once(event: string, listener: () => void): void;
  getSessionId(): Buffer;
  addAuthInfo(scheme: string, auth: Buffer): void;
  transaction(): Transaction;
}
interface Library {
  createClient(servers: string, options: { sessionTimeout: number }): Client;
  readonly CreateMode: Readonly<Record<"EPHEMERAL" | "PERSISTENT_SEQUENTIAL", number>>;
  readonly ACL: { readonly CREATOR_ALL_ACL: unknown };
}

const LIMIT_MS = 20_000;
const PIPELINE = 300;
const [, , folder = "", servers = "", leaderPid] = process.argv;
const library = createRequire(`${folder}/`)("node-zookeeper-client") as Library;

/** Calls a method that takes a callback; all its results but the error. */
function call(client: Client, method: string, ...args: readonly unknown[]): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const callback: Callback = (error, ...results) => {
      if (error === null || error === undefined) resolve(results);
      else reject(error);
    };
    // Bound, because the library's methods are looked up by name here.
    (client as unknown as Record<string, (...all: unknown[]) => void>)[method]?.(...args, callback);
  });
}

function commit(transaction: Transaction): Promise<unknown> {
  return new Promise((resolve, reject) => {
    transaction.commit((error, results) => {
      if (error === null || error === undefined) resolve(results);
      else reject(error);
    });
  });
}

/** As `call`, made again while the connection is lost; the call must bear being made twice. */
async function insist(client: Client, method: string, ...args: unknown[]): Promise<unknown[]> {
  const deadlineMs = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      return await call(client, method, ...args);
    } catch (error) {
      if (!String(error).includes("CONNECTION_LOSS") || performance.now() > deadlineMs) throw error;
      await sleep(20);
    }
  }
}

async function connect(): Promise<Client> {
  const client = library.createClient(servers, { sessionTimeout: 10_000 });
  const connected = new Promise<void>((resolve) => client.once("connected", resolve));
  client.connect();
  await connected;
  return client;
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + LIMIT_MS;
  while (!isTrue()) {
    assert.ok(performance.now() < deadlineMs, `never: ${what}`);
    await sleep(10);
  }
}

async function nodes(client: Client): Promise<void> {
  assert.deepEqual(await call(client, "create", "/node", Buffer.from("one")), ["/node"]);
  await assert.rejects(call(client, "create", "/node"), /NODE_EXISTS/u);
  const [data, stat] = (await call(client, "getData", "/node")) as [Buffer, Stat];
  assert.deepEqual([data.toString(), stat.version, stat.dataLength], ["one", 0, 3]);
  const [changed] = (await call(client, "setData", "/node", Buffer.from("two"), 0)) as [Stat];
  assert.equal(changed.version, 1);
  await assert.rejects(call(client, "setData", "/node", Buffer.from("x"), 0), /BAD_VERSION/u);
  const mode = library.CreateMode.PERSISTENT_SEQUENTIAL;
  assert.deepEqual(await call(client, "create", "/node/n-", mode), ["/node/n-0000000000"]);
  const [names, parent] = (await call(client, "getChildren", "/node")) as [string[], Stat];
  assert.deepEqual([names, parent.numChildren], [["n-0000000000"], 1]);
  await assert.rejects(call(client, "remove", "/node", -1), /NOT_EMPTY/u);
  assert.deepEqual(await call(client, "exists", "/node/none"), [null]);
  await call(client, "mkdirp", "/node/a/b");
  await call(client, "removeRecursive", "/node/a");
  assert.deepEqual(await call(client, "exists", "/node/a"), [null]);
}

async function transactions(client: Client): Promise<void> {
  const [one, two] = [Buffer.from("1"), Buffer.from("2")];
  const good = client.transaction().create("/node-multi", one).setData("/node-multi", two, 0);
  await commit(good.check("/node-multi", 1));
  const bad = client.transaction().remove("/node-multi", -1).check("/node-multi-none", -1);
  await assert.rejects(commit(bad), /NO_NODE/u);
  const [data] = await call(client, "getData", "/node-multi");
  assert.equal(String(data), "2");
}

async function pipeline(client: Client): Promise<void> {
  await call(client, "create", "/node-pipe");
  const versions = Array.from({ length: PIPELINE }, (_, index) => index);
  const stats = await Promise.all(
    versions.map((version) => call(client, "setData", "/node-pipe", Buffer.alloc(1), version)),
  );
  assert.deepEqual(
    stats.map(([stat]) => (stat as Stat).version),
    versions.map((version) => version + 1),
  );
}

async function accessControl(client: Client, other: Client): Promise<void> {
  client.addAuthInfo("digest", Buffer.from("me:secret"));
  await call(client, "create", "/node-mine", Buffer.from("x"), library.ACL.CREATOR_ALL_ACL);
  // A write, because a read from another server may be too early to find the node.
  await assert.rejects(call(other, "setData", "/node-mine", Buffer.from("y")), /NO_AUTH/u);
  const [data] = await call(client, "getData", "/node-mine");
  assert.equal(String(data), "x");
}

const seen: string[] = [];
const watch: Watcher = (event) => {
  seen.push(`${event.name} ${event.path}`);
};

async function beforeLoss(client: Client, other: Client): Promise<void> {
  await call(client, "create", "/node-e", library.CreateMode.EPHEMERAL);
  await call(client, "create", "/node-w");
  await call(client, "getData", "/node-w", watch);
  await call(client, "exists", "/node-late", watch);
  await insist(other, "getChildren", "/", watch);
}

async function afterLoss(client: Client, other: Client, sessionId: Buffer): Promise<void> {
  const [stat] = (await insist(client, "exists", "/node-e")) as [Stat];
  assert.deepEqual(stat.ephemeralOwner, sessionId, "owner of the ephemeral node");
  assert.deepEqual(client.getSessionId(), sessionId, "session of the client");
  const [data] = await insist(client, "getData", "/node");
  assert.equal(String(data), "two");
  await insist(other, "setData", "/node-w", Buffer.from("changed"));
  await until("NODE_DATA_CHANGED", () => seen.includes("NODE_DATA_CHANGED /node-w"));
  await insist(other, "create", "/node-late").catch((error: unknown) => {
    // An attempt whose answer was lost may have made it.
    assert.match(String(error), /NODE_EXISTS/u);
  });
  await until("NODE_CREATED", () => seen.includes("NODE_CREATED /node-late"));
  await until("NODE_CHILDREN_CHANGED", () => seen.includes("NODE_CHILDREN_CHANGED /"));
}

async function close(client: Client, other: Client): Promise<void> {
  await insist(other, "exists", "/node-e", watch);
  client.close();
  await until("NODE_DELETED", () => seen.includes("NODE_DELETED /node-e"));
  other.close();
}

async function check(name: string, body: () => Promise<void>): Promise<void> {
  let error: string | null = null;
  try {
    await body();
  } catch (failure) {
    error = String(failure);
  }
  console.log(JSON.stringify({ check: name, error }));
}

const client = await connect();
const other = await connect();
await check("nodes", () => nodes(client));
await check("transactions", () => transactions(client));
await check("pipeline", () => pipeline(client));
await check("access control", () => accessControl(client, other));
await check("sessions and watches", async () => {
  await beforeLoss(client, other);
  const sessionId = Buffer.from(client.getSessionId());
  if (leaderPid !== undefined) process.kill(Number(leaderPid), "SIGKILL");
  await afterLoss(client, other, sessionId);
});
await check("close", () => close(client, other));
process.exit(0);
