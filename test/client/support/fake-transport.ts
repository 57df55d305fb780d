/** A transport whose other end is the test: it accepts, answers and breaks connections by hand. */
import { formatServer } from "../../../src/client/index.ts";
import type {
  ServerAddress,
  Transport,
  TransportConnection,
  TransportHandlers,
} from "../../../src/client/index.ts";
import { accepted, requestsOf } from "./server-bytes.ts";
import type { SeenRequest } from "./server-bytes.ts";

export class FakeConnection implements TransportConnection {
  readonly server: string;
  readonly handlers: TransportHandlers;
  /** What the client has sent, one entry per write, until `takeSent`. */
  writes: Buffer[] = [];
  isClosedByClient = false;

  constructor(server: ServerAddress, handlers: TransportHandlers) {
    this.server = formatServer(server);
    this.handlers = handlers;
  }

  send(bytes: Buffer): void {
    this.writes.push(bytes);
  }

  close(): void {
    this.isClosedByClient = true;
  }

  takeSent(): Buffer {
    const sent = Buffer.concat(this.writes);
    this.writes = [];
    return sent;
  }

  takeRequests(): SeenRequest[] {
    return requestsOf(this.takeSent());
  }

  /** Opens and accepts the session. */
  accept(answer: Buffer = accepted()): void {
    this.handlers.opened();
    this.takeSent();
    this.handlers.received(answer);
  }
}

export class FakeTransport implements Transport {
  readonly connections: FakeConnection[] = [];

  connect(server: ServerAddress, handlers: TransportHandlers): TransportConnection {
    const connection = new FakeConnection(server, handlers);
    this.connections.push(connection);
    return connection;
  }

  /** The newest connection. */
  get last(): FakeConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error("The client has made no connection");
    return connection;
  }
}
