/**
 * Our servers as the clients of others see them: each client's program over one server, and over
 * three whose leader is killed while the client holds locks, leads, waits and watches.
 */
import { afterEach, expect, test } from "vitest";
import { otherClients, runClientProgram } from "./support/other-clients.ts";
import type { Command } from "./support/other-clients.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { ServerGroup } from "./support/server-group.ts";

const config = { extendedTypesEnabled: true };

for (const { name, checks, install } of otherClients) {
  let command: Command | undefined;
  const installed = async (): Promise<void> => {
    command = await install();
  };

  await describeWithPeers(`${name} on our servers`, [installed], () => {
    let group: ServerGroup;

    const expectAllToHold = async (leaderPid?: number): Promise<void> => {
      if (command === undefined) throw new Error(`${name} has not been installed`);
      const outcomes = await runClientProgram(command, group.connectString, leaderPid);
      expect(outcomes).toEqual(checks.map((check) => ({ check, error: null })));
    };

    const start = async (count: number): Promise<void> => {
      group = await ServerGroup.layOut(count, config);
      await group.start("ensemble");
    };

    afterEach(() => group.remove());

    test("over one server", async () => {
      await start(1);
      await expectAllToHold();
    });

    test("over three servers, the leader killed on the way", async () => {
      await start(3);
      await expectAllToHold(group.process(await group.leader()).pid);
    });
  });
}
