/**
 * A port at which learners connect: the quorum port of a server that leads, or the port for
 * observers of one that follows. It takes connections; what comes on them is not its business.
 */
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { Logger } from "../observe/index.ts";
import { listenOptions } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";

/** More than an ensemble has servers; the others have to try again. */
const waitingMax = 64;
/** Longer than an election that has come to its end elsewhere takes to do so here. */
const waitMsMax = 500;

export class LearnerPort {
  readonly #accept: (socket: Socket) => void;
  readonly #logger: Logger;
  /** Connections that wait until they are admitted; undefined once they need not. */
  #waiting: Map<Socket, NodeJS.Timeout> | undefined;
  #server: Server | undefined;
  #listensAt: string | undefined;

  /** @param accept is given each connection, which is not read yet. */
  constructor(accept: (socket: Socket) => void, logger: Logger) {
    this.#accept = accept;
    this.#logger = logger;
  }

  /**
   * Listens at `endpoint`, and nowhere else, until `stopListening`. Until `isAdmitting` those who
   * come have to wait, for a while: others may know sooner than this server that it is to lead.
   */
  listen(endpoint: Endpoint, isAdmitting: boolean): void {
    const name = `${endpoint.host}:${endpoint.port}`;
    if (this.#server === undefined || this.#listensAt !== name) this.#listenAnew(endpoint, name);
    if (isAdmitting) this.#admit();
    else this.#waiting ??= new Map();
  }

  stopListening(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#waiting?.keys() ?? []) socket.destroy();
    this.#waiting = undefined;
  }

  #listenAnew(endpoint: Endpoint, name: string): void {
    this.stopListening();
    this.#listensAt = name;
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
      if (this.#waiting === undefined) this.#accept(socket);
      else this.#wait(socket, this.#waiting);
    });
    server.on("error", (error) => {
      this.#logger.error("Cannot listen for learners", { ...endpoint, reason: error.message });
      if (this.#server === server) this.#server = undefined;
    });
    server.listen(listenOptions(endpoint));
    this.#server = server;
  }

  /** Takes those up who wait, and whoever comes from now on. */
  #admit(): void {
    const waiting = this.#waiting ?? new Map<Socket, NodeJS.Timeout>();
    this.#waiting = undefined;
    for (const [socket, timer] of waiting) {
      clearTimeout(timer);
      this.#accept(socket);
    }
  }

  #wait(socket: Socket, waiting: Map<Socket, NodeJS.Timeout>): void {
    if (waiting.size >= waitingMax) {
      socket.destroy();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), waitMsMax);
    waiting.set(socket, timer);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      clearTimeout(timer);
      waiting.delete(socket);
    });
  }
}
