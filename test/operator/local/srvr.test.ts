import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { askRole } from "../../../src/operator/local/srvr.ts";

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const ask = (port: number, timeoutMs = 5000) => askRole({ host: "127.0.0.1", port, timeoutMs });

describe("askRole()", () => {
  it.each([
    ["Zookeeper version: x\nMode: leader\nNode count: 5\n", "leader"],
    ["Mode: standalone", "standalone"],
    ["Mode: read-only\n", "none"],
    ["This ZooKeeper instance is not currently serving requests\n", "none"],
  ])("reads %j as %s", async (reply, role) => {
    const port = await listen((socket) =>
      socket.once("data", (word) => socket.end(word.toString() === "srvr" ? reply : "what?")),
    );
    expect(await ask(port)).toBe(role);
  });

  it("gives up on a server that does not answer in time", async () => {
    const port = await listen(() => undefined);
    expect(await ask(port, 10)).toBe("none");
  });

  it("gives up on a server that answers without end", async () => {
    const port = await listen((socket) => {
      socket.write("x".repeat(70_000));
    });
    expect(await ask(port)).toBe("none");
  });

  it("is none when nobody listens", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await ask(port)).toBe("none");
  });
});
