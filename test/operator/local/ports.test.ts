import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { choosePorts } from "../../../src/operator/local/ports.ts";

const ANY = {
  host: "127.0.0.1",
  ids: [1, 2, 3],
  recorded: [],
  clientPortBase: 0,
  peerPortBase: 0,
};

async function takePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe("choosePorts()", () => {
  it("finds as many different ports as are needed", async () => {
    const ports = await choosePorts(ANY);
    expect(ports.map(({ id }) => id)).toEqual([1, 2, 3]);
    const all = ports.flatMap((each) => [each.clientPort, each.quorumPort, each.electionPort]);
    all.push(...ports.map(({ adminPort }) => adminPort));
    expect(new Set(all).size).toBe(12);
  });

  it("keeps the recorded ports", async () => {
    const recorded = await choosePorts(ANY);
    const again = await choosePorts({
      ...ANY,
      recorded,
      clientPortBase: null,
      peerPortBase: null,
    });
    expect(again).toEqual(recorded);
  });

  it("names each taken port and the option that chooses others", async () => {
    const port = await takePort();
    await expect(choosePorts({ ...ANY, ids: [1], clientPortBase: port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use: stop what uses it, ` +
        "or choose other ports with --client-port-base",
    );
  });

  it("names a recorded port between members that is taken", async () => {
    const taken = await takePort();
    const [free] = await choosePorts({ ...ANY, ids: [1] });
    const recorded = [{ ...free!, electionPort: taken }];
    await expect(
      choosePorts({ ...ANY, ids: [1], recorded, clientPortBase: null, peerPortBase: null }),
    ).rejects.toThrow(`Port ${taken} on 127.0.0.1 is in use`);
  });

  it("takes other admin ports for recorded ones that are taken, or were not recorded", async () => {
    const adminPort = await takePort();
    const [free] = await choosePorts({ ...ANY, ids: [1] });
    const choice = { ...ANY, ids: [1], clientPortBase: null, peerPortBase: null };
    const { id, clientPort, quorumPort, electionPort } = free!;
    const older = { id, clientPort, quorumPort, electionPort };
    for (const recorded of [{ ...older, adminPort }, older]) {
      const [port] = await choosePorts({ ...choice, recorded: [recorded] });
      expect(port).toMatchObject({ clientPort: free!.clientPort });
      expect(port!.adminPort).not.toBe(adminPort);
      expect(port!.adminPort).toBeGreaterThanOrEqual(8080);
    }
  });

  it("finds ports for more members above those that are known, whether they run or not", async () => {
    const recorded = await choosePorts(ANY);
    const added = await choosePorts({ ...ANY, ids: [4, 101], recorded });
    expect(added.map(({ id }) => id)).toEqual([4, 101]);
    const highest = Math.max(...recorded.map(({ clientPort }) => clientPort));
    expect(added.every(({ clientPort }) => clientPort > highest)).toBe(true);
    const all = [...recorded, ...added].flatMap((each) => [
      each.clientPort,
      each.quorumPort,
      each.electionPort,
      each.adminPort,
    ]);
    expect(new Set(all).size).toBe(20);
  });

  it("refuses a base without room above it", async () => {
    await expect(choosePorts({ ...ANY, clientPortBase: 65534 })).rejects.toThrow(
      "--client-port-base: expected room for 3 ports up to 65535, found 65534",
    );
  });
});
