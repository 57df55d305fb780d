/** Counts clients' connections, in all and by address, over all ports, up to its limits. */
import type { Socket } from "node:net";
import { peerAddress } from "./socket-address.ts";

/** The limits, which may change at any time: connections that are there stay. */
export interface ConnectionLimits {
  /** Connections from one address; 0 is unlimited. */
  readonly maxClientCnxns: number;
  /** Connections altogether; 0 is unlimited. */
  readonly maxCnxns: number;
}

export class ConnectionCount {
  readonly #limits: ConnectionLimits;
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** Counts the connection until its socket is closed; false when it is one too many. */
  admit(socket: Socket): boolean {
    const { maxClientCnxns, maxCnxns } = this.#limits;
    const address = peerAddress(socket);
    const fromAddress = this.#byAddress.get(address) ?? 0;
    if (
      (maxClientCnxns > 0 && fromAddress >= maxClientCnxns) ||
      (maxCnxns > 0 && this.#count >= maxCnxns)
    ) {
      return false;
    }
    this.#count += 1;
    this.#byAddress.set(address, fromAddress + 1);
    socket.once("close", () => {
      this.#count -= 1;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    });
    return true;
  }
}
