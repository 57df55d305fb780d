/**
 * What a hostile or broken client may do to a server's client port, each from a random source and
 * over within seconds, and what anybody may send to the ports that servers have for each other.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { randomInt } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import { CreateMode, OpCode } from "../../../src/wire/index.ts";
import { RawClient, body, connectRequest, framed, request } from "./raw-client.ts";

/** Something bad that ends by itself; it does not care how the server answers. */
export type Attack = (port: number, random: Random) => Promise<void>;

/** Short, so that what an attack leaves behind goes away with its sessions. */
const SESSION_TIMEOUT_MS = 1000;
const ANSWER_LIMIT_MS = 300;
const hugeLengths = [0x7fffffff, -1, -0x80000000, 0x00100000, 0x7fffff00, 4, 7, 0];

/** Every kind of trouble at the client port, by name. */
export const clientAttacks: Readonly<Record<string, Attack>> = {
  "truncated frames": truncatedFrames,
  "huge lengths": hugeFrames,
  "operations that do not exist": (port, random) => {
    const opcodes = Array.from({ length: 50 }, () => randomInt(random, -20, 1101));
    return sendOpcodes(port, opcodes, random);
  },
  "bodies of garbage": garbageBodies,
  "garbage instead of a protocol": (port, random) => garbage(port, random, beginnings),
  "half-open connections": halfOpen,
  "a byte now and then": slowWriter,
  "requests and no reader": slowReader,
  "a flood of connections": connectionFlood,
  "a flood of sessions": sessionFlood,
  "a storm of watches": watchStorm,
};

/** Beginnings of other protocols, and of words that are none. */
const beginnings: readonly Buffer[] = [
  Buffer.from("1603010200010001fc0303", "hex"),
  Buffer.from("80460103010030", "hex"),
  Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
  Buffer.from("SSH-2.0-OpenSSH_9.2\r\n"),
  ...["ruo", "ruoX", "RUOK", "stat\n\n", "srvrsrvr", "kill", "dumpdump", "isro\0", "conf\r\n"].map(
    (word) => Buffer.from(word),
  ),
];

/** What looks like the first bytes of a server, and goes on as it likes. */
const peerBeginnings: readonly Buffer[] = [
  ...beginnings,
  // Election: protocol version, a server id, and the length of an address.
  Buffer.from("ffffffffffff00000000000000000063", "hex"),
  Buffer.from("ffffffffffff000000000000000000637fffffff", "hex"),
  Buffer.from("ffffffffffff0001000000000000000100000009", "hex"),
  Buffer.from("0000000000000002", "hex"),
  // Quorum: FOLLOWERINFO and OBSERVERINFO, from a member or nobody, then lengths that lie.
  Buffer.from("0000000b0000000000000000000000140000000000000063000100000000000000000000", "hex"),
  Buffer.from("00000010000000000000000000000014000000000000006300010000000000000000000000", "hex"),
  Buffer.from("0000000b7fffffffffffffff7fffffff", "hex"),
  Buffer.from("0000000b000000ff00000000ffffffffffffffff", "hex"),
];

/** Garbage for the election port or the quorum port of a server. */
export async function attackPeerPort(port: number, random: Random): Promise<void> {
  await garbage(port, random, peerBeginnings);
  const sockets = await Promise.all(Array.from({ length: 20 }, () => dial(port)));
  await sleep(ANSWER_LIMIT_MS);
  for (const socket of sockets) socket.destroy();
}

/** Sends a request of each of `opcodes`, in a new session whenever the server ends the last. */
export async function sendOpcodes(
  port: number,
  opcodes: readonly number[],
  random: Random,
): Promise<void> {
  let client = await openSession(port);
  for (const [index, opcode] of opcodes.entries()) {
    if (client.isClosed) client = await openSession(port);
    const size = [0, 4, randomInt(random, 1, 60)][index % 3] ?? 0;
    client.write(request(index + 1, opcode, (writer) => writer.writeRaw(bytes(random, size))));
    // An answer, or the end; some operations have neither.
    await Promise.race([client.next().catch(() => undefined), sleep(5)]);
  }
  await client.destroy();
}

async function truncatedFrames(port: number, random: Random): Promise<void> {
  const whole = request(1, OpCode.create, body.create("/hostile", "data"));
  for (let count = 0; count < 20; count += 1) {
    const first = connectRequest({ timeoutMs: SESSION_TIMEOUT_MS });
    const stream = Buffer.concat([first, whole]);
    const socket = await dial(port);
    socket.end(stream.subarray(0, randomInt(random, 1, stream.length)));
    await closing(socket);
  }
}

async function hugeFrames(port: number, random: Random): Promise<void> {
  for (const length of hugeLengths) {
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(length);
    const socket = await dial(port);
    socket.write(Buffer.concat([prefix, bytes(random, 100)]));
    const client = await openSession(port);
    client.write(Buffer.concat([prefix, bytes(random, 100)]));
    await Promise.race([client.closed, sleep(ANSWER_LIMIT_MS)]);
    await client.destroy();
    socket.destroy();
  }
}

async function garbageBodies(port: number, random: Random): Promise<void> {
  const opcodes = Object.values(OpCode).filter((opcode) => opcode !== OpCode.closeSession);
  let client = await openSession(port);
  for (let count = 0; count < 100; count += 1) {
    if (client.isClosed) client = await openSession(port);
    const opcode = opcodes[randomInt(random, 0, opcodes.length)] ?? 0;
    const content = bytes(random, randomInt(random, 0, 200));
    // A length that is plausible gets further into the decoder.
    if (content.length > 4 && random.next() < 0.7) content.writeInt32BE(content.length >> 1);
    client.write(request(count, opcode, (writer) => writer.writeRaw(content)));
    await Promise.race([client.next().catch(() => undefined), sleep(5)]);
  }
  await client.destroy();
}

async function garbage(port: number, random: Random, heads: readonly Buffer[]): Promise<void> {
  const sockets = await Promise.all(heads.map(() => dial(port)));
  for (const [index, socket] of sockets.entries()) {
    socket.write(Buffer.concat([heads[index]!, bytes(random, randomInt(random, 0, 300))]));
  }
  const framedGarbage = await dial(port);
  framedGarbage.write(framed(bytes(random, randomInt(random, 1, 3000))));
  await sleep(ANSWER_LIMIT_MS);
  for (const socket of [...sockets, framedGarbage]) socket.destroy();
}

async function halfOpen(port: number): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: 50 }, () => dial(port)));
  await sleep(ANSWER_LIMIT_MS);
  // Half of them say that they will say nothing, the others are just gone.
  for (const [index, socket] of sockets.entries()) {
    if (index % 2 === 0) socket.end();
    else socket.resetAndDestroy();
  }
  await sleep(ANSWER_LIMIT_MS);
  for (const socket of sockets) socket.destroy();
}

async function slowWriter(port: number): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: 20 }, () => dial(port)));
  const whole = connectRequest({ timeoutMs: SESSION_TIMEOUT_MS });
  for (const byte of whole) {
    for (const socket of sockets) socket.write(Buffer.of(byte));
    await sleep(10);
  }
  for (const socket of sockets) socket.destroy();
}

async function slowReader(port: number): Promise<void> {
  const client = await openSession(port);
  const large = "x".repeat(200_000);
  await client.call(1, OpCode.create, body.create("/hostile-large", large)).catch(() => undefined);
  client.stopReading();
  const reads = Array.from({ length: 300 }, (_, index) =>
    request(index + 2, OpCode.getData, body.read("/hostile-large")),
  );
  client.write(Buffer.concat(reads));
  await sleep(ANSWER_LIMIT_MS);
  await client.destroy();
}

async function connectionFlood(port: number): Promise<void> {
  for (let count = 0; count < 5; count += 1) {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => dial(port)));
    for (const socket of sockets) socket.resetAndDestroy();
    await sleep(20);
  }
}

async function sessionFlood(port: number): Promise<void> {
  for (let count = 0; count < 4; count += 1) {
    const clients = await Promise.all(Array.from({ length: 50 }, () => openSession(port)));
    const create = body.create("/hostile-e-", "", CreateMode.ephemeralSequential);
    for (const client of clients) client.write(request(1, OpCode.create, create));
    await Promise.all(clients.map((client) => client.destroy()));
  }
}

async function watchStorm(port: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 20 }, () => openSession(port)));
  const watches = Array.from({ length: 500 }, (_, index) =>
    request(index + 1, OpCode.exists, body.read(`/hostile-none-${index % 100}`, true)),
  );
  const childWatch = request(1000, OpCode.getChildren, body.read("/", true));
  for (const client of clients) client.write(Buffer.concat([...watches, childWatch]));
  const [actor] = clients;
  for (let index = 0; index < 100; index += 1) {
    const path = `/hostile-none-${index}`;
    actor?.write(request(2000 + index, OpCode.create, body.create(path, "", CreateMode.ephemeral)));
  }
  await sleep(ANSWER_LIMIT_MS);
  await Promise.all(clients.map((client) => client.destroy()));
}

/** A session that expires soon after its connection is gone. */
async function openSession(port: number): Promise<RawClient> {
  const { client } = await RawClient.open(port, { timeoutMs: SESSION_TIMEOUT_MS });
  return client;
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  // However the server ends it: that is what it should do.
  socket.on("error", () => undefined);
  socket.resume();
  await new Promise<void>((resolve) => {
    socket.once("connect", resolve);
    socket.once("close", () => resolve());
  });
  return socket;
}

async function closing(socket: Socket): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await Promise.race([closed, sleep(ANSWER_LIMIT_MS)]);
  socket.destroy();
}

function bytes(random: Random, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => randomInt(random, 0, 256)));
}
