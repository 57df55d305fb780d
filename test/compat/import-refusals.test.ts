/**
 * What the operator finds out about Apache servers before it begins to take them over, and that it
 * changes nothing by asking.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { NetworkMemberAccess } from "../../src/operator/index.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { ServerGroup } from "./support/server-group.ts";
import { superUser } from "./support/tree-dump.ts";
import type { ZooCfg } from "./support/member-layout.ts";

const never = new AbortController().signal;

async function startGroup(count: number, config: ZooCfg = {}): Promise<ServerGroup> {
  const group = await ServerGroup.layOut(count, { ...superUser.config, ...config });
  onTestFinished(() => group.remove());
  await group.start("apache");
  return group;
}

function read(group: ServerGroup, ids = group.ids, credentials: string | null = superUser.auth) {
  const servers = ids.map((id) => group.addressOf(id));
  return new NetworkMemberAccess().readImport({ servers, credentials }, never);
}

async function configOf(group: ServerGroup): Promise<string> {
  const client = await EnsembleClient.connect(group.addressOf(1));
  const { text } = await client.getConfig();
  await client.close();
  return text;
}

await describeWithPeers("Apache servers that are to be imported", [installApacheZooKeeper], () => {
  describe("an ensemble that takes reconfigurations", () => {
    test("can be joined by who may, with all of its servers", async () => {
      const group = await startGroup(3, { reconfigEnabled: true });
      const before = await configOf(group);
      expect(await read(group)).toEqual({
        kind: "servers",
        servers: group.members.map(({ id, ports: { quorum, election } }) => ({
          sid: id,
          address: group.addressOf(id),
          line: expect.stringContaining(
            `server.${id}=127.0.0.1:${quorum}:${election}:participant`,
          ) as string,
        })),
      });
      for (const credentials of [null, "super:guessed"]) {
        expect(await read(group, [1, 2, 3], credentials)).toMatchObject({ reason: "NotAllowed" });
      }
      expect(await read(group, [1, 2])).toMatchObject({ reason: "ServersUnlisted" });
      expect(await configOf(group)).toBe(before);
      await group.kill([3]);
      expect(await read(group)).toMatchObject({ reason: "ServersUnreachable" });
    });
  });

  test("one without reconfigurations is named as such", async () => {
    const group = await startGroup(2);
    expect(await read(group)).toMatchObject({ reason: "ReconfigDisabled" });
  });

  test("a standalone server is, too", async () => {
    const group = await startGroup(1, { reconfigEnabled: true });
    expect(await read(group)).toMatchObject({ reason: "NotAnEnsemble" });
  });
});
