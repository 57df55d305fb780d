/** Servers among which only IPv6 goes, and clients and programs that come by either family. */
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { findFreePorts } from "../compat/support/ports.ts";
import { TestEnsemble } from "./support/test-ensemble.ts";

const hasIpv6 = Object.values(networkInterfaces()).some((each) =>
  each?.some(({ address }) => address === "::1"),
);
const HOSTS = ["127.0.0.1", "[::1]"];

describe.skipIf(!hasIpv6)("Servers with IPv6 addresses (needs ::1)", () => {
  let ensemble: TestEnsemble;
  let adminPort: number;

  beforeAll(async () => {
    const ports = await findFreePorts(7);
    adminPort = ports.pop() ?? 0;
    const lines = [1, 2, 3].map((id): [string, string] => [
      `server.${id}`,
      `[::1]:${ports.pop()}:${ports.pop()}`,
    ]);
    ensemble = await TestEnsemble.start(3, {
      ...Object.fromEntries(lines),
      clientPortAddress: "0.0.0.0",
      "admin.enableServer": true,
      // One of the three gets it, and the others go on without.
      "admin.serverPort": adminPort,
      "admin.serverAddress": "0.0.0.0",
      "4lw.commands.whitelist": "*",
    });
  });

  afterAll(() => ensemble.dispose());

  test("form an ensemble, and a wildcard takes clients of both families", async () => {
    await ensemble.whenLed();
    for (const [index, host] of HOSTS.entries()) {
      for (const id of [1, 2, 3]) {
        const client = await EnsembleClient.connect(`${host}:${ensemble.clientPort(id)}`);
        await client.create(`/by-${index}-${id}`);
        // A socket for both families calls an IPv4 client ::ffff:127.0.0.1.
        expect(await client.whoAmI()).toContainEqual({
          scheme: "ip",
          user: host.replace(/[[\]]/gu, ""),
        });
        await client.close();
      }
    }
  });

  test("answer at the admin port of both families", async () => {
    for (const host of HOSTS) {
      const answer = await fetch(`http://${host}:${adminPort}/commands/ruok`);
      expect(answer.status).toBe(200);
    }
  });
});
