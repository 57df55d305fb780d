/**
 * Fills a tree with every kind of node and every kind of change that leaves a trace on disk, so
 * that a folder holds something of each transaction type. Each round writes below a root of its
 * own, and changes a little of what earlier rounds left.
 */
import { EnsembleClient } from "../../../src/client/index.ts";
import type { Acl } from "../../../src/client/index.ts";
import { JuteWriter, OpCode, openAcl, writeCreateRequest } from "../../../src/wire/index.ts";
import { RawSession } from "./raw-session.ts";
import { superUser } from "./tree-dump.ts";

/** Keys that a `zoo.cfg` needs for these nodes, and for sessions that outlive a restart. */
export const busyTreeConfig = {
  ...superUser.config,
  extendedTypesEnabled: true,
  maxSessionTimeout: 60_000,
} as const;

/** Writes that make the log longer than a few snapshots of a test need. */
const MANY = 150;
const LONG_TIMEOUT_MS = 60_000;

/** Writes one round through the server at `address`; returns the root that it wrote below. */
export async function writeRound(address: string, round: number): Promise<string> {
  const root = `/round-${round}`;
  const client = await EnsembleClient.connect(address, {
    auth: [{ scheme: "digest", auth: "me:secret" }],
    sessionTimeoutMs: LONG_TIMEOUT_MS,
  });
  try {
    await client.create(root, `round ${round}`);
    await writeKinds(client, root);
    await writeChanges(client, root);
    const many = Array.from({ length: MANY }, (_, index) => index);
    await Promise.all(many.map((index) => client.create(`${root}/many-${index}`, `${index}`)));
    await Promise.all(many.map((index) => client.setData(`${root}/many-${index}`, "again", 0)));
    const third = many.filter((index) => index % 3 === 0);
    await Promise.all(third.map((index) => client.delete(`${root}/many-${index}`)));
    if (round > 1) await changeEarlier(client, `/round-${round - 1}`);
  } finally {
    await client.close();
  }
  return root;
}

/** Leaves a session with an ephemeral node at `path`, and no client; it lives for a minute. */
export async function leaveSession(port: number, path: string): Promise<RawSession["granted"]> {
  const session = await RawSession.open({ port, timeoutMs: LONG_TIMEOUT_MS });
  const body = new JuteWriter();
  const data = Buffer.from("left behind");
  writeCreateRequest(body, { path, data, acl: openAcl, flags: 1, ttlMs: undefined });
  const reply = await session.request(OpCode.create, body.takeCopy());
  session.drop();
  if (reply?.err !== 0) throw new Error(`Cannot create '${path}': ${reply?.err ?? "no reply"}`);
  return session.granted;
}

async function writeKinds(client: EnsembleClient, root: string): Promise<void> {
  await client.create(`${root}/plain`, "data");
  await client.create(`${root}/plain/deep`, "");
  await client.create(`${root}/plain/deep/deeper`, null);
  await client.create(`${root}/big`, Buffer.alloc(300_000, "big "));
  await client.create(`${root}/été 日本`, Buffer.from([0, 255, 128]));
  for (let count = 0; count < 3; count += 1) {
    await client.create(`${root}/plain/s-`, "s", { mode: "persistentSequential" });
  }
  await client.create(`${root}/gone`, "", { mode: "ephemeral" });
  await client.create(`${root}/gone-`, "", { mode: "ephemeralSequential" });
  await client.create(`${root}/container`, "c", { mode: "container" });
  await client.create(`${root}/container/kid`, "");
  await client.create(`${root}/ttl`, "t", { mode: "persistentWithTtl", ttlMs: 3_600_000 });
  const acls: Record<string, Acl[]> = {
    mine: [{ perms: 31, id: { scheme: "auth", id: "" } }],
    local: [
      { perms: 1, id: { scheme: "ip", id: "127.0.0.1/8" } },
      { perms: 30, id: { scheme: "digest", id: "you:AAAAAAAAAAAAAAAAAAAAAAAAAAA=" } },
    ],
    readable: [{ perms: 1, id: { scheme: "world", id: "anyone" } }],
  };
  for (const [name, acl] of Object.entries(acls)) {
    await client.create(`${root}/acl-${name}`, name, { acl });
  }
}

async function writeChanges(client: EnsembleClient, root: string): Promise<void> {
  await client.setData(`${root}/plain`, "changed");
  await client.setData(`${root}/plain`, null);
  await client.setAcl(`${root}/plain/deep`, [{ perms: 13, id: { scheme: "world", id: "anyone" } }]);
  await client.delete(`${root}/plain/deep/deeper`);
  await client.multi([
    { type: "create", path: `${root}/multi`, data: "m" },
    { type: "check", path: `${root}/multi`, version: 0 },
    { type: "setData", path: `${root}/multi`, data: "n" },
    { type: "create", path: `${root}/multi/s-`, mode: "persistentSequential" },
    { type: "create", path: `${root}/multi/temporary` },
    { type: "delete", path: `${root}/multi/temporary` },
  ]);
  const failures = [
    client.multi([
      { type: "create", path: `${root}/never` },
      { type: "check", path: root, version: 99 },
    ]),
    client.create(`${root}/plain`),
    client.delete(`${root}/plain`),
    client.setData(`${root}/nobody`, ""),
  ];
  const outcomes = await Promise.allSettled(failures);
  if (outcomes.some(({ status }) => status === "fulfilled")) {
    throw new Error("A write that must fail has succeeded");
  }
}

async function changeEarlier(client: EnsembleClient, root: string): Promise<void> {
  await client.create(`${root}/later`, "");
  await client.setData(`${root}/big`, "small now");
  await client.delete(`${root}/container/kid`);
  await client.create(`${root}/container/next`, "");
  await client.create(`${root}/plain/s-`, "", { mode: "persistentSequential" });
  await client.setAcl(`${root}/acl-mine`, [{ perms: 31, id: { scheme: "world", id: "anyone" } }]);
}
