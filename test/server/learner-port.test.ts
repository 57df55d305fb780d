/** Who is let in at the quorum port, and when. Real sockets on loopback. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { nullLogger } from "../../src/observe/index.ts";
import { LearnerPort } from "../../src/server/learner-port.ts";

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

function makePort(): { port: LearnerPort; counts: { accepted: number } } {
  const counts = { accepted: 0 };
  const port = new LearnerPort((socket) => {
    counts.accepted += 1;
    open.push({ close: () => socket.destroy() });
  }, nullLogger);
  open.push({ close: () => port.stopListening() });
  return { port, counts };
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
  const { port: quorum, counts } = makePort();
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
  const { port: quorum, counts } = makePort();
  const endpoint = { host: "127.0.0.1", port: await freePort() };
  quorum.listen(endpoint, false);
  const learner = await dial(endpoint.port);
  await new Promise((resolve) => learner.once("close", resolve).resume());
  expect(counts.accepted).toBe(0);
});
