/**
 * An address of its own on loopback for each server, and a relay in front of each server for each
 * other one, where namespaces are not allowed. A link that is cut carries nothing until it is
 * healed: bytes wait, as they do in TCP while packets are lost; none is ever lost for good. Clients
 * are connected directly.
 */
import { createConnection, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { Impairment, Network } from "./network.ts";

/** The ports that servers talk to each other on. */
const peerPorts = [2888, 3888];

export class LoopbackNetwork implements Network {
  readonly description = "addresses of loopback, no lost packets";
  readonly kinds = ["cut"] as const;
  readonly isUniform = false;
  readonly hasClients = false;
  readonly #relays: Relay[] = [];
  readonly #block: number;

  private constructor(block: number) {
    this.#block = block;
  }

  static async open(ids: readonly number[]): Promise<LoopbackNetwork> {
    // Several runs at a time have addresses of their own.
    const network = new LoopbackNetwork(process.pid % 200);
    for (const from of ids) {
      for (const to of ids) {
        if (from === to) continue;
        for (const port of peerPorts) network.#relays.push(await network.#relay(from, to, port));
      }
    }
    return network;
  }

  hostOf(id: number): string {
    return `127.77.${this.#block}.${id}`;
  }

  peerHost(viewer: number, id: number): string {
    return `127.77.${this.#block}.${viewer * 10 + id}`;
  }

  commandOf(_id: number, commandLine: readonly string[]): readonly string[] {
    return commandLine;
  }

  impair(impairments: readonly Impairment[]): Promise<void> {
    const cut = new Set(impairments.map(({ from, to }) => `${from} ${to}`));
    for (const relay of this.#relays) {
      const { from, to } = relay;
      relay.hold(cut.has(`${from} ${to}`), cut.has(`${to} ${from}`));
    }
    return Promise.resolve();
  }

  close(): void {
    for (const relay of this.#relays) relay.close();
  }

  #relay(from: number, to: number, port: number): Promise<Relay> {
    return Relay.open({ from, to, port, host: this.peerHost(from, to), target: this.hostOf(to) });
  }
}

interface Route {
  readonly from: number;
  readonly to: number;
  readonly port: number;
  readonly host: string;
  readonly target: string;
}

/** Carries the connections that server `from` makes to one port of server `to`. */
class Relay {
  readonly from: number;
  readonly to: number;
  readonly #server: Server;
  /** Both ends of each connection: the one that was made to us, and the one that we made. */
  readonly #pairs = new Set<readonly [near: Socket, far: Socket]>();
  #isHeldThere = false;
  #isHeldBack = false;

  private constructor(route: Route) {
    this.from = route.from;
    this.to = route.to;
    this.#server = createServer({ noDelay: true, pauseOnConnect: true });
    this.#server.on("connection", (near: Socket) => {
      const far = createConnection({ host: route.target, port: route.port, noDelay: true });
      this.#join(near, far);
    });
  }

  static async open(route: Route): Promise<Relay> {
    const relay = new Relay(route);
    await new Promise<void>((resolve, reject) => {
      relay.#server.once("error", reject);
      relay.#server.listen(route.port, route.host, resolve);
    });
    return relay;
  }

  /** Whether bytes on the way there, and on the way back, have to wait. */
  hold(there: boolean, back: boolean): void {
    this.#isHeldThere = there;
    this.#isHeldBack = back;
    for (const pair of this.#pairs) this.#flow(pair);
  }

  close(): void {
    this.#server.close();
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  #join(near: Socket, far: Socket): void {
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on("data", (chunk: Buffer) => void other.write(chunk));
      // What matters is the end, not with which signal of TCP it came.
      one.on("error", () => undefined);
      one.on("close", () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
    this.#flow(pair);
  }

  #flow([near, far]: readonly [Socket, Socket]): void {
    if (this.#isHeldThere) near.pause();
    else near.resume();
    if (this.#isHeldBack) far.pause();
    else far.resume();
  }
}
