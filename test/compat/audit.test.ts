/**
 * The same operations on an Apache server and on ours, both with `audit.enable`: the audit logs
 * must say the same, but for times, session ids and the order of a user's names.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { EnsembleClient, openAcl } from "../../src/client/index.ts";
import type { CreateModeName } from "../../src/client/index.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { ServerGroup } from "./support/server-group.ts";
import type { ServerKind } from "./support/server-group.ts";

const modes: readonly CreateModeName[] = [
  "persistentSequential",
  "ephemeral",
  "ephemeralSequential",
  "container",
];

/** Every kind of operation that is recorded, as a success and as a failure. */
async function work(connectString: string): Promise<void> {
  const client = await EnsembleClient.connect(connectString);
  const fails = (request: Promise<unknown>): Promise<void> =>
    request.then(
      () => Promise.reject(new Error("The request was to fail")),
      () => undefined,
    );
  await client.addAuth("digest", "bob:secret");
  await client.create("/a", "x");
  await fails(client.create("/a", "x"));
  for (const mode of modes) await client.create(`/a/${mode}-`, "x", { mode });
  await client.create("/a/ttl", "x", { mode: "persistentWithTtl", ttlMs: 60_000 });
  await client.setData("/a", "y");
  await fails(client.setData("/a", "y", 77));
  await fails(client.setData("/none", "y"));
  await client.setAcl("/a", [...openAcl, { perms: 3, id: { scheme: "digest", id: "u:h" } }]);
  await fails(client.setAcl("/a", []));
  await fails(client.delete("/a"));
  await client.multi([
    { type: "create", path: "/a/m" },
    { type: "setData", path: "/a/m", data: "q" },
    { type: "check", path: "/a/m", version: 1 },
    { type: "delete", path: "/a/m" },
  ]);
  await fails(
    client.multi([
      { type: "create", path: "/a/m" },
      { type: "delete", path: "/none" },
    ]),
  );
  await client.getData("/a");
  await client.delete("/a/container-");
  await client.close();
}

/** The records, with what may differ masked; ephemeral nodes go in no defined order. */
function records(text: string): string[] {
  const lines = text.split("\n").filter((line) => line.includes("operation="));
  const masked = lines.map((line) => {
    const level = / (INFO|ERROR) /u.exec(line)?.[1] ?? "?";
    const fields = line.slice(line.search(/(session|user)=/u));
    return `${level} ${fields}`
      .replace(/session=0x[0-9a-f]+/u, "session=S")
      .replace(/user=([^\t]*)/u, (_, users: string) => `user=${users.split(",").sort().join(",")}`);
  });
  const [atClose, others] = [true, false].map((isAtClose) =>
    masked.filter((line) => line.includes("ephemeralZNode") === isAtClose),
  );
  const stop = others?.pop() ?? "";
  return [...(others ?? []), ...(atClose ?? []).sort(), stop];
}

async function auditOf(kind: ServerKind): Promise<string[]> {
  const group = await ServerGroup.layOut(1, { "audit.enable": true, extendedTypesEnabled: true });
  try {
    await group.start(kind);
    await work(group.connectString);
    await group.stop();
    const text =
      kind === "apache"
        ? await group.log(kind, 1)
        : readFileSync(path.join(group.member(1).dataFolder, "zookeeper_audit.log"), "utf8");
    return records(text);
  } finally {
    await group.remove();
  }
}

await describeWithPeers("Audit log", [installApacheZooKeeper], () => {
  test("says of the same operations what Apache ZooKeeper's says", async () => {
    const apache = await auditOf("apache");
    const own = await auditOf("ensemble");
    expect(apache.length).toBeGreaterThan(20);
    expect(own).toEqual(apache);
  });
});
