/** Counts clients' connections, in all and by address, over all ports, up to its limits. */
import type { Socket } from "node:net";
import { peerAddress } from "./socket-address.ts";

export interface ConnectionCountOptions {
  /** Connections from one address; 0 is unlimited. */
  readonly perAddressMax: number;
  /** Connections altogether; 0 is unlimited. */
  readonly connectionsMax: number;
}

export class ConnectionCount {
  readonly #options: ConnectionCountOptions;
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  constructor(options: ConnectionCountOptions) {
    this.#options = options;
  }

  /** Counts the connection until its socket is closed; false when it is one too many. */
  admit(socket: Socket): boolean {
    const { perAddressMax, connectionsMax } = this.#options;
    const address = peerAddress(socket);
    const fromAddress = this.#byAddress.get(address) ?? 0;
    if (
      (perAddressMax > 0 && fromAddress >= perAddressMax) ||
      (connectionsMax > 0 && this.#count >= connectionsMax)
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
