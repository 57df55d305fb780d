/**
 * Peers are dialled by name each time: both networks, with a lookup whose answers change. Real
 * sockets on addresses of loopback; nobody listens where the old addresses were.
 */
import { createServer } from "node:net";
import type { AddressInfo, LookupFunction, Server, Socket } from "node:net";
import { afterEach, test } from "vitest";
import { nullLogger } from "../../src/observe/index.ts";
import { ElectionNetwork } from "../../src/server/election-network.ts";
import { RateLimitedLog } from "../../src/server/limits/index.ts";
import { ServerMetrics } from "../../src/server/metrics/index.ts";
import { PeerOddities } from "../../src/server/peer-oddities.ts";
import { QuorumLinks } from "../../src/server/quorum-links.ts";
import { PeerState } from "../../src/wire/index.ts";

const open: { close(): void }[] = [];

afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

/** What the names of peers stand for at the moment. */
let addressNow = "";
const lookup: LookupFunction = (_name, options, callback) => {
  if (options.all === true) callback(null, [{ address: addressNow, family: 4 }]);
  else callback(null, addressNow, 4);
};

/** A server on an address of loopback, and a promise of its first connection. */
async function listenAt(address: string, port = 0) {
  const { promise: connected, resolve } = Promise.withResolvers<undefined>();
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    resolve(undefined);
  });
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((listening) => server.listen(port, address, () => listening()));
  open.push({ close });
  return { connected, close, port: (server.address() as AddressInfo).port };
}

test("QuorumLinks dials a leader where its name leads now", async () => {
  const ignore = (): void => undefined;
  const handlers = { accepted: ignore, opened: ignore, packet: ignore };
  const { promise: failed, resolve } = Promise.withResolvers<undefined>();
  const closed = (): void => {
    resolve(undefined);
  };
  const snapshot = (): never => {
    throw new Error("No snapshot is sent");
  };
  const options = { dataBytesMax: 1024, lookup, logger: nullLogger };
  const links = new QuorumLinks({ ...handlers, closed, snapshot, progress: ignore }, options);
  open.push({ close: () => links.closeAll() });
  const leader = await listenAt("127.0.0.2");
  addressNow = "127.0.0.3";
  links.dial(1, { host: "leader.test", port: leader.port });
  await failed;
  addressNow = "127.0.0.2";
  links.dial(3, { host: "leader.test", port: leader.port });
  await leader.connected;
});

test("ElectionNetwork dials a peer where its name leads now", async () => {
  const before = await listenAt("127.0.0.2");
  const oddities = new PeerOddities(
    new RateLimitedLog(nullLogger, { monotonicMs: () => 0, wallMs: () => 0 }),
    new ServerMetrics(0),
  );
  const network = new ElectionNetwork({
    sid: 2n,
    bind: { host: "127.0.0.1", port: 0 },
    address: "127.0.0.1:1",
    peers: new Map([[1n, { host: "one.test", port: before.port }]]),
    takesJoiners: false,
    connectTimeoutMs: 5000,
    tcpKeepAlive: false,
    lookup,
    logger: nullLogger,
    oddities,
    received: () => undefined,
  });
  open.push(network);
  const vote = {
    state: PeerState.looking,
    leader: 2n,
    zxid: 0n,
    electionEpoch: 1n,
    peerEpoch: 0n,
    config: null,
  };
  addressNow = "127.0.0.2";
  network.send(1n, vote);
  await before.connected;
  before.close();
  const after = await listenAt("127.0.0.3", before.port);
  addressNow = "127.0.0.3";
  const again = setInterval(() => network.send(1n, vote), 20);
  open.push({ close: () => clearInterval(again) });
  await after.connected;
});
