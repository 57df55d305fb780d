/**
 * Random client requests from a seed: every operation, valid and not, on so few paths that they
 * meet often. A request is a type and a body, the same for every server; what it needs to know of
 * a server (a zxid) it gets as an offset from where that server began.
 */
import { randomInt, seededRandom } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import {
  JuteWriter,
  OpCode,
  writeAcl,
  writeAuthPacket,
  writeSetWatches,
} from "../../../src/wire/index.ts";
import type { Acl } from "../../../src/wire/index.ts";

/** One request, for all servers. */
export interface RandomRequest {
  readonly type: number;
  /** For people, when servers disagree. */
  readonly text: string;
  /** @param baseZxid the zxid at which this server began. */
  body(baseZxid: bigint): Buffer;
}

type Part = (writer: JuteWriter, baseZxid: bigint) => void;

interface Draft {
  readonly type: number;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly write: Part;
}

const paths = ["/a", "/b", "/a/x", "/a/y", "/a/x/p", "/b/s-", "/c", "/c/k", "/a/x/p/q", "/é"];
const sequentialPaths = ["/a/s-", "/b/s-", "/a/x/", "/c/", "/s", "/nobody/s-"];
const madePaths = ["/a/s-0000000000", "/a/s-0000000001", "/b/s-0000000001", "/a/x/0000000000"];
const systemPaths = ["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config", "/zookeeper/no"];
const badPaths = ["", "a", "/a/", "//", "/a//b", "/.", "/a/..", "/a/./b", "/\u0000", "/a/\u0001"];
const moreBadPaths = [
  "/a/\u007f",
  "/a/\u009f",
  "/\uf000",
  "/a/\ufff9",
  "/nobody/",
  "/c/k/",
  "/\ud83d\ude00",
];

const everybody = { scheme: "world", id: "anyone" };
const acls: readonly (readonly Acl[] | null)[] = [
  [{ perms: 31, id: { scheme: "auth", id: "" } }],
  [{ perms: 15, id: { scheme: "auth", id: "ignored" } }],
  [{ perms: 31, id: { scheme: "digest", id: "me:016djjlksVQS5RgX3M7biBGyYwY=" } }],
  [{ perms: 31, id: { scheme: "ip", id: "127.0.0.1" } }],
  [{ perms: 31, id: { scheme: "ip", id: "127.0.0.0/8" } }],
  [{ perms: 31, id: { scheme: "ip", id: "::1" } }],
  [{ perms: 31, id: { scheme: "ip", id: "300.0.0.1" } }],
  [{ perms: 31, id: { scheme: "ip", id: "10.0.0.0/33" } }],
  [{ perms: 31, id: { scheme: "digest", id: "nobody" } }],
  [{ perms: 31, id: { scheme: "digest", id: "a:b:c" } }],
  [{ perms: 31, id: { scheme: "unknown", id: "x" } }],
  [{ perms: 31, id: { scheme: "world", id: "someone" } }],
  [{ perms: 0, id: everybody }],
  [{ perms: 1, id: everybody }],
  [{ perms: 14, id: everybody }],
  [
    { perms: 31, id: everybody },
    { perms: 31, id: everybody },
    { perms: 1, id: { scheme: "auth", id: "" } },
  ],
  [],
  null,
];
const datas = [Buffer.from("x"), Buffer.from("longer data"), Buffer.alloc(0), null];
const versions = [-1, -1, -1, 0, 0, 1, 2, 7, -2];
const ttls = [60_000n, 3_600_000n, 0n, -1n, 1n << 40n];

const cuttable: ReadonlySet<number> = new Set([
  OpCode.exists,
  OpCode.getData,
  OpCode.getChildren2,
  OpCode.getACL,
  OpCode.multiRead,
]);

/** An endless sequence of requests, the same for the same seed. */
export function* randomRequests(seed: number): Generator<RandomRequest, never> {
  const random = seededRandom(seed);
  for (;;) yield finish(random, draft(random));
}

function draft(random: Random): Draft {
  return weighted(random, [
    [18, create],
    [12, remove],
    [8, setData],
    [5, setAcl],
    [20, read],
    [8, multi],
    [3, multiRead],
    [3, removeWatches],
    [2, addWatch],
    [2, setWatches],
    [2, byPath],
    [2, addAuth],
  ])(random);
}

/**
 * A few reads are cut short: nobody can say what they mean. Not so writes: Apache's leader answers
 * them without a transaction (and its followers never), ours with a failed one.
 */
function finish(random: Random, { type, facts, write }: Draft): RandomRequest {
  const cut = cuttable.has(type) && random.next() < 0.05 ? randomInt(random, 1, 8) : 0;
  return {
    type,
    text: `${nameOf(type)} ${JSON.stringify(cut === 0 ? facts : { ...facts, cut }, plain)}`,
    body: (baseZxid) => {
      const writer = new JuteWriter();
      write(writer, baseZxid);
      const whole = writer.takeCopy();
      return whole.subarray(0, Math.max(0, whole.length - cut));
    },
  };
}

function create(random: Random, choices = acls): Draft {
  const type = weighted(random, [
    [6, OpCode.create],
    [6, OpCode.create2],
    [2, OpCode.createContainer],
    [2, OpCode.createTTL],
  ]);
  const flags = createFlags(random, type);
  const isSequential = flags === 2 || flags === 3 || flags === 6;
  const path = isSequential ? pick(random, sequentialPaths) : anyPath(random);
  const data = pick(random, datas);
  const acl = random.next() < 0.7 ? [{ perms: 31, id: everybody }] : pick(random, choices);
  const ttl = pick(random, ttls);
  const facts = { path, data, acl, flags, ...(type === OpCode.createTTL ? { ttl } : {}) };
  const write: Part = (writer) => {
    writer.writeString(path);
    writer.writeBuffer(data);
    writeAcl(writer, acl);
    writer.writeInt(flags);
    if (type === OpCode.createTTL) writer.writeLong(ttl);
  };
  return { type, facts, write };
}

/** No createTTL with flags of another kind: Apache takes it, and then cannot apply it. */
function createFlags(random: Random, type: number): number {
  if (type === OpCode.createTTL) return pick(random, [5, 5, 5, 6, 6, 7, -1]);
  return weighted(random, [
    [10, type === OpCode.createContainer ? 4 : 0],
    [3, 1],
    [3, 2],
    [2, 3],
    [2, randomInt(random, -1, 9)],
  ]);
}

function remove(random: Random): Draft {
  return pathAndVersion(random, OpCode.delete);
}

function pathAndVersion(random: Random, type: number): Draft {
  const path = anyPath(random);
  // Nodes have to go as often as they come: much depends on which are there.
  const version = random.next() < 0.6 ? -1 : pick(random, versions);
  const write: Part = (writer) => {
    writer.writeString(path);
    writer.writeInt(version);
  };
  return { type, facts: { path, version }, write };
}

function setData(random: Random): Draft {
  const path = writablePath(random);
  const data = pick(random, datas);
  const version = pick(random, versions);
  const write: Part = (writer) => {
    writer.writeString(path);
    writer.writeBuffer(data);
    writer.writeInt(version);
  };
  return { type: OpCode.setData, facts: { path, data, version }, write };
}

function setAcl(random: Random): Draft {
  const path = pick(random, random.next() < 0.9 ? paths : badPaths);
  const acl = random.next() < 0.6 ? [{ perms: 31, id: everybody }] : pick(random, acls);
  const version = pick(random, versions);
  const write: Part = (writer) => {
    writer.writeString(path);
    writeAcl(writer, acl);
    writer.writeInt(version);
  };
  return { type: OpCode.setACL, facts: { path, acl, version }, write };
}

function read(random: Random): Draft {
  const types = [OpCode.exists, OpCode.getData, OpCode.getChildren, OpCode.getChildren2];
  const type = pick(random, types);
  const path = anyPath(random);
  const watch = random.next() < 0.5;
  const write: Part = (writer) => {
    writer.writeString(path);
    writer.writeBool(watch);
  };
  return { type, facts: { path, watch }, write };
}

function byPath(random: Random): Draft {
  const types = [OpCode.getACL, OpCode.sync, OpCode.getEphemerals, OpCode.getAllChildrenNumber];
  const type = pick(random, [...types, OpCode.whoAmI]);
  if (type === OpCode.whoAmI) return { type, facts: {}, write: () => undefined };
  const path = anyPath(random);
  return { type, facts: { path }, write: (writer) => writer.writeString(path) };
}

function addWatch(random: Random): Draft {
  const path = pick(random, [...paths, "/"]);
  const mode = pick(random, [0, 1, 1, 7]);
  const write: Part = (writer) => {
    writer.writeString(path);
    writer.writeInt(mode);
  };
  return { type: OpCode.addWatch, facts: { path, mode }, write };
}

function removeWatches(random: Random): Draft {
  const type = pick(random, [OpCode.checkWatches, OpCode.removeWatches]);
  const path = anyPath(random);
  const kind = pick(random, [1, 2, 3, 3, 4, 5, 9]);
  const write: Part = (writer) => {
    writer.writeString(path);
    writer.writeInt(kind);
  };
  return { type, facts: { path, kind }, write };
}

function setWatches(random: Random): Draft {
  const some = (): string[] => paths.filter(() => random.next() < 0.3);
  const lists = { data: some(), exist: some(), child: some() };
  const since = randomInt(random, 0, 300);
  const write: Part = (writer, baseZxid) => {
    const watches = {
      relativeZxid: baseZxid + BigInt(since),
      dataWatches: lists.data,
      existWatches: lists.exist,
      childWatches: lists.child,
      persistentWatches: [],
      persistentRecursiveWatches: [],
    };
    writeSetWatches(writer, watches, false);
  };
  return { type: OpCode.setWatches, facts: { since, ...lists }, write };
}

function addAuth(random: Random): Draft {
  const scheme = pick(random, ["digest", "digest", "ip"]);
  const auth = pick(random, ["me:secret", "you:password"]);
  const write: Part = (writer) => {
    writeAuthPacket(writer, { scheme, auth: Buffer.from(auth) });
  };
  return { type: OpCode.auth, facts: { scheme, auth }, write };
}

function multi(random: Random): Draft {
  const op = (): Draft =>
    weighted(random, [
      // Apache stumbles over a null list of a multi while it decodes it, and says so.
      [
        6,
        (source: Random): Draft =>
          create(
            source,
            acls.filter((acl) => acl !== null),
          ),
      ],
      [3, remove],
      [3, setData],
      [2, (source: Random): Draft => pathAndVersion(source, OpCode.check)],
      [0.2, read],
    ])(random);
  return several(OpCode.multi, Array.from({ length: randomInt(random, 0, 5) }, op));
}

function multiRead(random: Random): Draft {
  const op = (): Draft => ({
    ...read(random),
    type: pick(random, [OpCode.getData, OpCode.getChildren]),
  });
  return several(OpCode.multiRead, Array.from({ length: randomInt(random, 0, 4) }, op));
}

function several(type: number, ops: readonly Draft[]): Draft {
  const write: Part = (writer, baseZxid) => {
    for (const op of ops) {
      writeMultiHeader(writer, op.type, false);
      op.write(writer, baseZxid);
    }
    writeMultiHeader(writer, -1, true);
  };
  const texts = ops.map((op) => `${nameOf(op.type)} ${JSON.stringify(op.facts, plain)}`);
  return { type, facts: { ops: texts }, write };
}

function writeMultiHeader(writer: JuteWriter, type: number, isLast: boolean): void {
  writer.writeInt(type);
  writer.writeBool(isLast);
  writer.writeInt(-1);
}

function anyPath(random: Random): string {
  const choices = weighted(random, [
    [20, paths],
    [3, madePaths],
    [2, systemPaths],
    [1, badPaths],
    [0.5, moreBadPaths],
  ]);
  return pick(random, choices);
}

function writablePath(random: Random): string {
  return pick(random, random.next() < 0.9 ? paths : ["/", ...madePaths, ...badPaths]);
}

/** @throws RangeError for no choices. */
function pick<T>(random: Random, choices: readonly T[]): T {
  if (choices.length === 0) throw new RangeError("Nothing to pick from");
  return choices[randomInt(random, 0, choices.length)] as T;
}

function weighted<T>(random: Random, choices: readonly (readonly [weight: number, T])[]): T {
  let at = random.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, choice] of choices) {
    at -= weight;
    if (at < 0) return choice;
  }
  return pick(random, choices)[1];
}

function nameOf(type: number): string {
  return Object.entries(OpCode).find(([, value]) => value === type)?.[0] ?? `type ${type}`;
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  const isBuffer =
    typeof value === "object" && value !== null && "type" in value && "data" in value;
  return isBuffer ? Buffer.from(value.data as number[]).toString("latin1") : value;
}
