/**
 * What a hostile or broken peer may send: a server answers as ZooKeeper does or closes that one
 * connection, and goes on serving everybody else. Frames of clients, and bytes on the ports for
 * other servers.
 */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { randomInt, seededRandom } from "../../src/base/index.ts";
import type { Random } from "../../src/base/index.ts";
import {
  ErrorCode,
  JuteWriter,
  OpCode,
  PacketType,
  Xid,
  encodeElectionGreeting,
  writeMultiRequest,
  writeQuorumPacket,
} from "../../src/wire/index.ts";
import { RawClient, body, dataOf, framed, request } from "./support/raw-client.ts";
import { TestEnsemble, eventually } from "./support/test-ensemble.ts";

const CONNECTIONS_MAX = 20;
const FRAME_BYTES_MAX = 0xfffff;
/** Rounds of random frames, each on a connection of its own. */
const FUZZ_ROUNDS = 150;

describe("A server", () => {
  let ensemble: TestEnsemble;
  let leader: number;
  let followers: number[];
  /** A client that must never notice anything. */
  let bystander: RawClient;
  let bystanderXid = 0;

  beforeAll(async () => {
    ensemble = await TestEnsemble.start(3, {
      maxClientCnxns: CONNECTIONS_MAX,
      maxSessionTimeout: 60_000,
    });
    leader = await ensemble.whenLed();
    followers = await ensemble.followers();
    // A test alone may take ten seconds in which the bystander is silent.
    const opened = await RawClient.open(ensemble.clientPort(followers[0]!), { timeoutMs: 60_000 });
    bystander = opened.client;
    await bystander.call(++bystanderXid, OpCode.create, body.create("/bystander", "0"));
  });

  afterAll(() => ensemble.dispose());

  afterEach(async () => {
    const data = String(++bystanderXid);
    const set = await bystander.call(
      bystanderXid,
      OpCode.setData,
      body.setData("/bystander", data),
    );
    expect(set.err).toBe(ErrorCode.ok);
    const read = await bystander.call(++bystanderXid, OpCode.getData, body.read("/bystander"));
    expect(dataOf(read)).toBe(data);
    expect(await ensemble.whenLed()).toBe(leader);
    for (const id of ensemble.ids) expect(ensemble.process(id).hasExited()).toBe(false);
  });

  const both = (): number[] => [leader, followers[0]!];

  const openAt = async (id: number): Promise<RawClient> =>
    (await RawClient.open(ensemble.clientPort(id))).client;

  const int32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };

  it("keeps little for a client that asks for much and reads nothing", async () => {
    const client = await openAt(leader);
    const data = "x".repeat(600_000);
    await client.call(1, OpCode.create, body.create("/large", data));
    const { pid } = ensemble.process(leader);
    const before = residentBytes(pid);
    client.stopReading();
    const count = 600;
    const reads = Array.from({ length: count }, (_, index) =>
      request(index + 2, OpCode.getData, body.read("/large")),
    );
    client.write(Buffer.concat(reads));
    // The bystander's requests are behind them in the server's event loop.
    for (let turn = 0; turn < 20; turn++) {
      await bystander.call(++bystanderXid, OpCode.exists, body.read("/bystander"));
    }
    expect(residentBytes(pid) - before).toBeLessThan(150e6);
    client.goOnReading();
    for (let index = 0; index < count; index++) {
      const reply = await client.next();
      expect(reply.xid).toBe(index + 2);
      expect(reply.body.length).toBeGreaterThan(data.length);
    }
    await client.destroy();
  });

  it("closes a connection that asks for no session in ten seconds, and no other", async () => {
    const silent = await RawClient.dial(ensemble.clientPort(leader));
    const half = await RawClient.dial(ensemble.clientPort(followers[0]!));
    half.write(int32(45).subarray(0, 3));
    const idle = await openAt(leader);
    const startedAtMs = performance.now();
    await Promise.all([silent.closed, half.closed]);
    expect(performance.now() - startedAtMs).toBeGreaterThan(8000);
    expect(idle.isClosed).toBe(false);
    await idle.destroy();
  });

  it("closes a connection whose frame has no possible length", async () => {
    for (const id of both()) {
      for (const length of [-1, -0x80000000, FRAME_BYTES_MAX + 1, 0x7fffffff]) {
        const silent = await RawClient.dial(ensemble.clientPort(id));
        silent.write(int32(length));
        await silent.closed;
        expect(silent.unreadCount).toBe(0);
        const client = await openAt(id);
        client.write(int32(length));
        await client.closed;
        expect(client.unreadCount).toBe(0);
      }
    }
  });

  it("takes a request as large as the limit", async () => {
    const headerBytes = request(1, OpCode.setData, body.setData("/bystander", "")).length - 4;
    const data = "x".repeat(FRAME_BYTES_MAX - headerBytes);
    for (const id of both()) {
      const client = await openAt(id);
      const set = await client.call(1, OpCode.setData, body.setData("/bystander", data));
      expect(set.err).toBe(ErrorCode.ok);
      expect(dataOf(await client.call(2, OpCode.getData, body.read("/bystander")))).toBe(data);
      await client.destroy();
    }
  });

  it("closes a connection whose first frame is no ConnectRequest", async () => {
    for (const id of both()) {
      for (const payload of [Buffer.alloc(0), Buffer.alloc(20), Buffer.alloc(27, 0xff)]) {
        const client = await RawClient.dial(ensemble.clientPort(id));
        client.write(framed(payload));
        await client.closed;
        expect(client.unreadCount).toBe(0);
      }
    }
  });

  it("closes a connection whose frame is too short for a header", async () => {
    for (const id of both()) {
      for (const length of [0, 3, 4, 7]) {
        const client = await openAt(id);
        client.write(framed(Buffer.alloc(length)));
        await client.closed;
        expect(client.unreadCount).toBe(0);
      }
    }
  });

  it("refuses operations that do not exist or are not for clients, then closes", async () => {
    for (const id of both()) {
      for (const type of [OpCode.deleteContainer, OpCode.createSession, OpCode.check, 99, -55]) {
        const client = await openAt(id);
        const reply = await client.call(7, type, body.pathVersion("/bystander"));
        expect(reply).toMatchObject({ xid: 7, zxid: -1n, err: ErrorCode.unimplemented });
        await client.closed;
      }
    }
    expect((await bystander.call(++bystanderXid, OpCode.exists, body.read("/bystander"))).err).toBe(
      ErrorCode.ok,
    );
  });

  it("answers a body that cannot be decoded, and goes on with the connection", async () => {
    for (const id of both()) {
      const client = await openAt(id);
      for (const type of [OpCode.create, OpCode.setData, OpCode.multi, OpCode.getData]) {
        const reply = await client.call(type, type, (writer) => writer.writeInt(1000));
        expect(reply.err, `opcode ${type}`).toBe(ErrorCode.marshallingError);
      }
      expect((await client.call(100, OpCode.exists, body.read("/bystander"))).err).toBe(0);
      await client.destroy();
    }
  });

  it("accepts so many connections from one address, and again when some are gone", async () => {
    const id = followers[1]!;
    const clients: RawClient[] = [];
    while (clients.length < CONNECTIONS_MAX) clients.push(await openAt(id));
    const oneMore = await RawClient.dial(ensemble.clientPort(id));
    await oneMore.closed;
    for (const client of clients) await client.destroy();
    await eventually("a place for another", async () => {
      const client = await openAt(id).catch(() => null);
      await client?.destroy();
      return client !== null;
    });
  });

  it("survives requests that were changed by chance", async () => {
    const random = seededRandom(3);
    for (let round = 0; round < FUZZ_ROUNDS; round++) {
      const client = await openAt(ensemble.ids[round % 3]!);
      const frames: Buffer[] = [];
      for (let xid = 1; xid <= 10; xid++) frames.push(damaged(sampleRequest(xid, random), random));
      client.write(Buffer.concat(frames));
      // Answered after all of them, unless one of them ended the connection.
      client.write(request(Xid.ping, OpCode.ping));
      await Promise.race([client.closed, sawPing(client)]);
      await client.destroy();
    }
  });

  it("survives nonsense on the ports for other servers", async () => {
    const random = seededRandom(5);
    for (const id of ensemble.ids) {
      const { quorum, election } = ensemble.member(id).ports;
      for (let round = 0; round < 10; round++) {
        const noise = Buffer.from(Array.from({ length: 300 }, () => randomInt(random, 0, 256)));
        await sendBytes(quorum, noise);
        await sendBytes(election, noise);
      }
      for (const packet of hostilePackets()) await sendBytes(quorum, packet);
      for (const bytes of hostileGreetings()) await sendBytes(election, bytes);
    }
  });

  const hostilePackets = (): Buffer[] => {
    const packetOf = (type: PacketType, zxid: bigint, data: Buffer | null): Buffer => {
      const writer = new JuteWriter();
      writeQuorumPacket(writer, { type, zxid, data, authInfo: null });
      return writer.takeCopy();
    };
    const proposal = packetOf(PacketType.proposal, 1n, Buffer.alloc(40));
    const tooLong = packetOf(PacketType.proposal, 1n, Buffer.alloc(0));
    tooLong.writeInt32BE(0x7fffffff, 12);
    const negative = Buffer.from(tooLong);
    negative.writeInt32BE(-2, 12);
    return [
      proposal,
      tooLong,
      negative,
      packetOf(PacketType.snap, 1n, null),
      Buffer.concat([packetOf(PacketType.snap, 1n, null), Buffer.alloc(1000, 0x7f)]),
      packetOf(PacketType.followerInfo, 0n, Buffer.alloc(3)),
      packetOf(PacketType.followerInfo, 0n, null),
      packetOf(PacketType.ackEpoch, 0n, Buffer.alloc(2)),
      packetOf(PacketType.ack, 0x7fffffffffffffffn, null),
      packetOf(PacketType.request, 0n, Buffer.alloc(5)),
    ];
  };

  const hostileGreetings = (): Buffer[] => {
    const greeting = encodeElectionGreeting({ sid: 99n, address: "127.0.0.1:1" });
    const tooLong = Buffer.from(greeting);
    tooLong.writeInt32BE(0x7fffffff, 16);
    const negative = Buffer.from(greeting);
    negative.writeInt32BE(-1, 16);
    return [
      greeting.subarray(0, 10),
      tooLong,
      negative,
      Buffer.concat([greeting, int32(-1)]),
      Buffer.concat([greeting, int32(0x7fffffff)]),
      Buffer.concat([greeting, framed(Buffer.alloc(5))]),
      Buffer.concat([greeting, framed(Buffer.alloc(60, 0xff))]),
    ];
  };
});

/** Memory that a process holds. */
function residentBytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/u.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}

/** A well-formed request of some kind. */
function sampleRequest(xid: number, random: Random): Buffer {
  const path = `/fuzz-${randomInt(random, 0, 5)}`;
  const samples: (() => Buffer)[] = [
    () => request(xid, OpCode.create, body.create(path, "data", randomInt(random, 0, 5))),
    () => request(xid, OpCode.create2, body.create(path, "data", randomInt(random, 0, 7))),
    () => request(xid, OpCode.createContainer, body.create(path, "", 4)),
    () => request(xid, OpCode.createTTL, body.create(path, "", 5)),
    () => request(xid, OpCode.delete, body.pathVersion(path)),
    () => request(xid, OpCode.setData, body.setData(path, "other")),
    () => request(xid, OpCode.getData, body.read(path, true)),
    () => request(xid, OpCode.getChildren2, body.read("/", true)),
    () => request(xid, OpCode.getACL, body.path(path)),
    () => request(xid, OpCode.sync, body.path(path)),
    () => request(xid, OpCode.setWatches, body.setWatches({ dataWatches: [path, "/"] })),
    () => request(xid, OpCode.auth, (writer) => writer.writeInt(0)),
    () => request(xid, OpCode.removeWatches, body.pathVersion(path, 3)),
    () => request(xid, OpCode.addWatch, body.pathVersion(path, 1)),
    () => request(xid, OpCode.reconfig, body.path(path)),
    () => request(xid, OpCode.multi, sampleMulti(path)),
    () => request(xid, randomInt(random, 100, 110), body.path(path)),
  ];
  return samples[randomInt(random, 0, samples.length)]!();
}

function sampleMulti(path: string): (writer: JuteWriter) => void {
  return (writer) => {
    writeMultiRequest(writer, [
      { type: OpCode.setData, request: { path, data: Buffer.from("m"), version: -1 } },
      { type: OpCode.delete, request: { path, version: -1 } },
    ]);
  };
}

/** `frame` with some bytes of its body changed, or its end cut off; the length stays right. */
function damaged(frame: Buffer, random: Random): Buffer {
  const payload = Buffer.from(frame.subarray(4));
  for (let count = randomInt(random, 0, 4); count > 0; count--) {
    const at = randomInt(random, 8, payload.length + 1);
    if (at < payload.length) payload[at] = randomInt(random, 0, 256);
  }
  const end = random.next() < 0.3 ? randomInt(random, 8, payload.length + 1) : payload.length;
  return framed(payload.subarray(0, end));
}

async function sawPing(client: RawClient): Promise<void> {
  try {
    while ((await client.next()).xid !== Xid.ping);
  } catch {
    // Closed instead, which is an answer as well.
  }
}

/** Sends `bytes` and hangs up; a port that nobody listens on is fine. */
async function sendBytes(port: number, bytes: Buffer): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => undefined);
  await new Promise((resolve) => {
    socket.once("close", resolve);
    socket.resume();
    socket.end(bytes);
    setTimeout(() => socket.destroy(), 100);
  });
}
