/**
 * Everything that a server shows of its tree, as data that can be compared: each path's data,
 * Stat, children and ACL. Reads as the super user, so that nothing is hidden or masked; servers
 * under test need {@link superUser}`.config` in their `zoo.cfg`.
 */
import { createHash } from "node:crypto";
import { EnsembleClient } from "../../../src/client/index.ts";

/** The super user's credentials, and what a `zoo.cfg` needs to know of them. */
export const superUser = {
  auth: "super:very-secret",
  config: {
    // user:base64(sha1("super:very-secret"))
    "DigestAuthenticationProvider.superDigest": "super:71k/GG3N2h0yoI00oDEdGFqz78U=",
  },
} as const;

/** The tree of one server: a readable line of facts per path, sorted by path. */
export type TreeDump = ReadonlyMap<string, string>;

/** Each takes three requests. */
const NODES_AT_A_TIME = 200;

/** Reads the whole tree of the server at `address`, after a sync. */
export async function dumpTree(address: string): Promise<TreeDump> {
  const client = await EnsembleClient.connect(address, {
    auth: [{ scheme: "digest", auth: superUser.auth }],
    sessionTimeoutMs: 10_000,
  });
  try {
    await client.sync("/");
    const dump = new Map<string, string>();
    const open = ["/"];
    while (open.length > 0) {
      const some = open.splice(0, NODES_AT_A_TIME);
      const below = await Promise.all(some.map((path) => dumpNode(client, path, dump)));
      open.push(...below.flat());
    }
    return new Map([...dump].sort(([a], [b]) => (a < b ? -1 : 1)));
  } finally {
    await client.close();
  }
}

async function dumpNode(
  client: EnsembleClient,
  path: string,
  dump: Map<string, string>,
): Promise<string[]> {
  const [{ data, stat }, { acl }, { children }] = await Promise.all([
    client.getData(path),
    client.getAcl(path),
    client.getChildren(path),
  ]);
  const facts = {
    data: data === null ? null : data.length > 64 ? hashOf(data) : data.toString("latin1"),
    ...stat,
    // Each server makes this node for itself, when it starts or takes over a tree.
    ...(path === "/zookeeper/config" ? { mtimeMs: "any" } : {}),
    acl: acl.map(({ perms, id }) => `${id.scheme}:${id.id}:${perms}`),
  };
  dump.set(
    path,
    JSON.stringify(facts, (_, value: unknown) => plain(value)),
  );
  return children.map((child) => (path === "/" ? `/${child}` : `${path}/${child}`));
}

function hashOf(data: Buffer): string {
  return `${data.length} bytes, sha1 ${createHash("sha1").update(data).digest("hex")}`;
}

function plain(value: unknown): unknown {
  return typeof value === "bigint" ? `0x${BigInt.asUintN(64, value).toString(16)}` : value;
}
