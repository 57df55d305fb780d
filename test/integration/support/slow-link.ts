/**
 * A link between servers that carries only so many bytes a second from the side that is connected
 * to. Pieces are read one at a time and paid for by a pause, so that the sender's socket fills up
 * as it does before a slow network.
 */
import { createConnection, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export class SlowLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a free port of 127.0.0.1 in front of `targetPort`. */
  static async open(targetPort: number, bytesPerSecond: number): Promise<SlowLink> {
    const server = createServer({ noDelay: true });
    const link = new SlowLink(server);
    server.on("connection", (socket) => {
      const target = createConnection({ host: "127.0.0.1", port: targetPort, noDelay: true });
      link.#track(socket, target);
      socket.pipe(target);
      void carrySlowly(target, socket, bytesPerSecond);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Both ends go together. */
  #track(one: Socket, other: Socket): void {
    for (const [socket, peer] of [
      [one, other],
      [other, one],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        peer.destroy();
      });
    }
  }
}

async function carrySlowly(from: Socket, to: Socket, bytesPerSecond: number): Promise<void> {
  try {
    for await (const chunk of from) {
      to.write(chunk as Buffer);
      await sleep(((chunk as Buffer).length / bytesPerSecond) * 1000);
    }
  } catch {
    // One of the ends has closed: the other one is told by its own event.
  }
}
