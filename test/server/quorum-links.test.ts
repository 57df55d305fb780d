/** Who is let in at the quorum port, and when. Real sockets on loopback. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { nullLogger } from "../../src/observe/index.ts";
import { QuorumLinks } from "../../src/server/quorum-links.ts";

const open: { close(): void }[] = [];

afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function makeLinks() {
  const links: { accepted: number } = { accepted: 0 };
  const ignore = (): void => undefined;
  const snapshot = (): never => {
    throw new Error("No snapshot is sent");
  };
  const quorum = new QuorumLinks(
    {
      accepted: () => (links.accepted += 1),
      opened: ignore,
      closed: ignore,
      packet: ignore,
      progress: ignore,
      snapshot,
    },
    { dataBytesMax: 1024, logger: nullLogger },
  );
  open.push({ close: () => quorum.closeAll() });
  return { quorum, counts: links };
}

async function dial(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    if (!isOpen) continue;
    open.push({ close: () => socket.destroy() });
    return socket.on("error", () => undefined);
  }
}

test("learners wait until a server leads, also one that has led before", async () => {
  const { quorum, counts } = makeLinks();
  const endpoint = { host: "127.0.0.1", port: await freePort() };
  quorum.listen(endpoint, true);
  await dial(endpoint.port);
  await expect.poll(() => counts.accepted).toBe(1);
  quorum.listen(endpoint, false);
  const early = await dial(endpoint.port);
  // A round trip through the same listener: the first one has been seen after it.
  await dial(endpoint.port);
  expect(counts.accepted).toBe(1);
  quorum.listen(endpoint, true);
  await expect.poll(() => counts.accepted).toBe(3);
  expect(early.destroyed).toBe(false);
});

test("a learner that waits in vain is let go", async () => {
  const { quorum, counts } = makeLinks();
  const endpoint = { host: "127.0.0.1", port: await freePort() };
  quorum.listen(endpoint, false);
  const learner = await dial(endpoint.port);
  await new Promise((resolve) => learner.once("close", resolve).resume());
  expect(counts.accepted).toBe(0);
});
