/**
 * Our servers as kazoo, the Python client, sees them: everything that its users rely on, against
 * an ensemble of three. What each test does is a function in `kazoo/`.
 */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installKazoo, runKazooFile } from "./support/kazoo.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { ServerGroup } from "./support/server-group.ts";

const checks = fileURLToPath(new URL("kazoo/checks.py", import.meta.url));

await describeWithPeers("kazoo on our servers", [installKazoo], () => {
  let group: ServerGroup;

  const check = async (name: string, ...args: string[]): Promise<void> => {
    const { stdout, stderr } = await runKazooFile(checks, [name, group.connectString, ...args]);
    expect(stdout, stderr).toBe("passed\n");
  };

  beforeAll(async () => {
    group = await ServerGroup.layOut(3);
    await group.start("ensemble");
  });

  afterAll(async () => {
    await group.remove();
  });

  test("create, read, change, list and delete nodes", () => check("crud"));
  test("sequential nodes count per parent", () => check("sequential"));
  test("ephemeral nodes go with their session", () => check("ephemerals"));
  test("one-shot watches, and the recipes on them", () => check("watches"));
  test("transactions are all or nothing", () => check("transactions"));
  test("digest and ip access control", () => check("acls"));
  test("locks exclude each other", () => check("locks"));
  test("elections pass leadership on", () => check("elections"));
  test("queues, barriers and counters", () => check("queues"));
  test("a session can be taken up with its password only", () => check("taken_session"));
  test("a silent client's session expires", () => check("expiry"));

  test("sessions, locks and writes outlive kill -9 of the leader", async () => {
    const leader = await group.leader();
    await check("leader_loss", String(group.process(leader).pid));
    await group.process(leader).exited;
    await group.start("ensemble", [leader]);
  });
});
