/**
 * Random client requests: every operation, valid and not. A request is a type and a body, the same
 * for every server; what it needs to know of a run (a zxid, the node below which the run has its
 * nodes) it gets when it is written.
 */
import { randomInt } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import {
  JuteWriter,
  OpCode,
  writeAcl,
  writeAuthPacket,
  writeSetWatches,
} from "../../../src/wire/index.ts";
import {
  acls,
  badPaths,
  datas,
  everybody,
  frameBytesMax,
  limitedPaths,
  pathBelow,
  paths,
  quotaLimits,
  sequentialPaths,
  ttls,
  versions,
} from "./request-values.ts";
import { anyPath, pick, weighted, writablePath } from "./random-choices.ts";

/** One request, for all servers. */
export interface RandomRequest {
  readonly type: number;
  /** For people, when servers disagree. */
  readonly text: string;
  /**
   * Not sent beside others: what is answered out of turn, or ends the connection while answers to
   * others may still be on their way.
   */
  readonly isAlone: boolean;
  body(place: Place): Buffer;
}

/** Where a run takes place. */
export interface Place {
  /** The zxid at which it began, on this server. */
  readonly baseZxid: bigint;
  /** The node below which all its nodes are, but for those that every server has. */
  readonly root: string;
}

/** What to ask for beyond what every server does. */
export interface RequestOptions {
  /** Quotas, where servers enforce them. */
  readonly hasQuotas?: boolean;
}

type Part = (writer: JuteWriter, place: Place) => void;

interface Draft {
  readonly type: number;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly write: Part;
}

const outOfTurn: ReadonlySet<number> = new Set([
  OpCode.auth,
  OpCode.setWatches,
  OpCode.setWatches2,
]);

const cuttable: ReadonlySet<number> = new Set([
  OpCode.exists,
  OpCode.getData,
  OpCode.getChildren2,
  OpCode.getACL,
  OpCode.multiRead,
]);

/** The next request that `random` makes up. */
export function randomRequest(
  random: Random,
  { hasQuotas = false }: RequestOptions,
): RandomRequest {
  const draft = weighted<(random: Random) => Draft>(random, [
    [18, create],
    [12, remove],
    [8, setData],
    [1, setDataOfLimit],
    [5, setAcl],
    [20, read],
    [8, multi],
    [3, multiRead],
    [3, removeWatches],
    [3, addWatch],
    [3, setWatches],
    [3, byPath],
    [2, addAuth],
    [hasQuotas ? 4 : 0, quota],
  ]);
  return finish(random, draft(random));
}

/**
 * A few reads are cut short: nobody can say what they mean. Not so writes: Apache's leader answers
 * them without a transaction (and its followers never), ours with a failed one.
 */
function finish(random: Random | null, { type, facts, write }: Draft): RandomRequest {
  const isCut = random !== null && cuttable.has(type) && random.next() < 0.05;
  const cut = isCut ? randomInt(random, 1, 8) : 0;
  return {
    type,
    isAlone: outOfTurn.has(type) || facts["frame"] !== undefined,
    text: `${nameOf(type)} ${JSON.stringify(cut === 0 ? facts : { ...facts, cut }, plain)}`,
    body: (place) => {
      const writer = new JuteWriter();
      write(writer, place);
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
  const write: Part = (writer, place) => {
    writer.writeString(pathBelow(place.root, path));
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
  const write: Part = (writer, place) => {
    writer.writeString(pathBelow(place.root, path));
    writer.writeInt(version);
  };
  return { type, facts: { path, version }, write };
}

function setData(random: Random): Draft {
  const path = writablePath(random);
  const data = pick(random, datas);
  const version = pick(random, versions);
  const write: Part = (writer, place) => {
    writer.writeString(pathBelow(place.root, path));
    writer.writeBuffer(data);
    writer.writeInt(version);
  };
  return { type: OpCode.setData, facts: { path, data, version }, write };
}

/** A frame as large as a server takes, or a byte less, or one more. */
function setDataOfLimit(random: Random): Draft {
  const path = pick(random, paths);
  const excess = randomInt(random, -1, 2);
  const write: Part = (writer, place) => {
    const whole = pathBelow(place.root, path);
    const [head, lengths, version] = [8, 8, 4];
    const rest = head + lengths + Buffer.byteLength(whole) + version;
    writer.writeString(whole);
    writer.writeBuffer(Buffer.alloc(frameBytesMax + excess - rest, "x"));
    writer.writeInt(-1);
  };
  return { type: OpCode.setData, facts: { path, frame: `limit + ${excess}` }, write };
}

/** Requests that make the nodes below which quotas can be set. */
export function quotaParents(): RandomRequest[] {
  return limitedPaths.map((path) => {
    const write = createBelowQuota(path, "");
    return finish(null, { type: OpCode.create, facts: { quotaOf: path }, write });
  });
}

/** Limits as ZooKeeper's command line sets them; with them it makes the node of what is used. */
function quota(random: Random): Draft {
  const path = pick(random, limitedPaths);
  const name = pick(random, ["zookeeper_limits", "zookeeper_limits", "zookeeper_stats"]);
  const facts = { quotaOf: path, name };
  const choice = random.next();
  if (choice < 0.2) {
    const write: Part = (writer, place) => {
      writer.writeString(`${quotaPath(place, path)}/${name}`);
      writer.writeInt(-1);
    };
    return { type: OpCode.delete, facts, write };
  }
  const limits = pick(random, quotaLimits);
  if (choice < 0.7) {
    const write = createBelowQuota(path, `/${name}`, limits);
    return { type: OpCode.create, facts: { ...facts, limits }, write };
  }
  const write: Part = (writer, place) => {
    writer.writeString(`${quotaPath(place, path)}/${name}`);
    writer.writeBuffer(Buffer.from(limits));
    writer.writeInt(-1);
  };
  return { type: OpCode.setData, facts: { ...facts, limits }, write };
}

function createBelowQuota(path: string, name: string, data = ""): Part {
  return (writer, place) => {
    writer.writeString(quotaPath(place, path) + name);
    writer.writeBuffer(Buffer.from(data));
    writeAcl(writer, [{ perms: 31, id: everybody }]);
    writer.writeInt(0);
  };
}

function quotaPath(place: Place, path: string): string {
  return `/zookeeper/quota${place.root}${path}`;
}

function setAcl(random: Random): Draft {
  const path = pick(random, random.next() < 0.9 ? paths : badPaths);
  const acl = random.next() < 0.6 ? [{ perms: 31, id: everybody }] : pick(random, acls);
  const version = pick(random, versions);
  const write: Part = (writer, place) => {
    writer.writeString(pathBelow(place.root, path));
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
  const write: Part = (writer, place) => {
    writer.writeString(pathBelow(place.root, path));
    writer.writeBool(watch);
  };
  return { type, facts: { path, watch }, write };
}

function byPath(random: Random): Draft {
  const types = [OpCode.getACL, OpCode.sync, OpCode.getEphemerals, OpCode.getAllChildrenNumber];
  const type = pick(random, [...types, OpCode.whoAmI]);
  if (type === OpCode.whoAmI) return { type, facts: {}, write: () => undefined };
  const path = anyPath(random);
  return {
    type,
    facts: { path },
    write: (writer, place) => writer.writeString(pathBelow(place.root, path)),
  };
}

function addWatch(random: Random): Draft {
  const path = random.next() < 0.8 ? pick(random, [...paths, "/"]) : anyPath(random);
  const mode = pick(random, [0, 1, 1, 7, -1]);
  const write: Part = (writer, place) => {
    writer.writeString(pathBelow(place.root, path));
    writer.writeInt(mode);
  };
  return { type: OpCode.addWatch, facts: { path, mode }, write };
}

function removeWatches(random: Random): Draft {
  const type = pick(random, [OpCode.checkWatches, OpCode.removeWatches]);
  const path = anyPath(random);
  const kind = pick(random, [1, 2, 3, 3, 4, 5, 9]);
  const write: Part = (writer, place) => {
    writer.writeString(pathBelow(place.root, path));
    writer.writeInt(kind);
  };
  return { type, facts: { path, kind }, write };
}

function setWatches(random: Random): Draft {
  const some = (): string[] => paths.filter(() => random.next() < 0.3);
  const lists = { data: some(), exist: some(), child: some() };
  const hasPersistent = random.next() < 0.5;
  const more = hasPersistent ? { persistent: some(), recursive: some() } : {};
  const since = randomInt(random, 0, 300);
  const write: Part = (writer, { baseZxid, root }) => {
    const below = (list: readonly string[] = []): string[] =>
      list.map((path) => pathBelow(root, path));
    const watches = {
      relativeZxid: baseZxid + BigInt(since),
      dataWatches: below(lists.data),
      existWatches: below(lists.exist),
      childWatches: below(lists.child),
      persistentWatches: below(more.persistent),
      persistentRecursiveWatches: below(more.recursive),
    };
    writeSetWatches(writer, watches, hasPersistent);
  };
  const type = hasPersistent ? OpCode.setWatches2 : OpCode.setWatches;
  return { type, facts: { since, ...lists, ...more }, write };
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
  const write: Part = (writer, place) => {
    for (const op of ops) {
      writeMultiHeader(writer, op.type, false);
      op.write(writer, place);
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

function nameOf(type: number): string {
  return Object.entries(OpCode).find(([, value]) => value === type)?.[0] ?? `type ${type}`;
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  const isBuffer =
    typeof value === "object" && value !== null && "type" in value && "data" in value;
  return isBuffer ? Buffer.from(value.data as number[]).toString("latin1") : value;
}
