/**
 * Translates between the paths of a client and those of the servers when the connection string
 * ends in a chroot: everything the client names lies below it.
 */

/** A prefix of all paths; "" changes nothing. */
export class Chroot {
  readonly #prefix: string;

  /** @param prefix "" or a valid path other than "/". */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** For the start of a sequential node's path, which may end in "/". */
  toServerPrefix(path: string): string {
    return this.#prefix + path;
  }

  toServer(path: string): string {
    if (this.#prefix === "") return path;
    return path === "/" ? this.#prefix : this.#prefix + path;
  }

  /** A path outside the chroot, which no server should send, is left as it is. */
  toClient(path: string): string {
    if (path === this.#prefix) return "/";
    return path.startsWith(`${this.#prefix}/`) ? path.slice(this.#prefix.length) : path;
  }
}
