/**
 * The order that a client may count on: replies come in the order of its requests, and each read
 * sees every write that the same session asked for before, on the leader and on a follower, however
 * the requests are packed into packets.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomInt, seededRandom } from "../../src/base/index.ts";
import { CreateMode, ErrorCode, OpCode, Xid } from "../../src/wire/index.ts";
import { RawClient, body, childrenOf, dataOf, pathOf, request } from "./support/raw-client.ts";
import type { RawReply } from "./support/raw-client.ts";
import { TestEnsemble } from "./support/test-ensemble.ts";

const REQUESTS = 600;

/** A request and what its reply must be like. */
interface Step {
  readonly frame: Buffer;
  check(reply: RawReply): void;
}

describe("One connection", () => {
  let ensemble: TestEnsemble;
  let leader: number;
  let follower: number;

  beforeAll(async () => {
    ensemble = await TestEnsemble.start(3);
    leader = await ensemble.whenLed();
    follower = (await ensemble.followers())[0]!;
  });

  afterAll(() => ensemble.dispose());

  it.each(["the leader", "a follower"])("to %s gets its replies in order", async (role) => {
    const id = role === "the leader" ? leader : follower;
    const { client } = await RawClient.open(ensemble.clientPort(id));
    const root = `/ordering-${id}`;
    await client.call(1, OpCode.create, body.create(root, "0"));
    const steps = plan(root);
    const bytes = Buffer.concat(steps.map(({ frame }) => frame));
    const random = seededRandom(id);
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + randomInt(random, 1, 4000));
      client.write(bytes.subarray(at, end));
      at = end;
      // Some packets go out on their own, some together.
      if (random.next() < 0.5) await new Promise(setImmediate);
    }
    let lastZxid = 0n;
    for (const step of steps) {
      const reply = await client.next();
      step.check(reply);
      expect(reply.zxid).toBeGreaterThanOrEqual(lastZxid);
      lastZxid = reply.zxid;
    }
    await client.destroy();
  });

  it("reads after a sync what another session wrote before", async () => {
    const writer = await RawClient.open(ensemble.clientPort(leader));
    const reader = await RawClient.open(ensemble.clientPort(follower));
    await writer.client.call(1, OpCode.create, body.create("/synced", "0"));
    for (let n = 2; n < 100; n++) {
      await writer.client.call(n, OpCode.setData, body.setData("/synced", String(n)));
      reader.client.write(
        Buffer.concat([
          request(n, OpCode.sync, body.path("/")),
          request(1000 + n, OpCode.getData, body.read("/synced")),
        ]),
      );
      const [synced, read] = await reader.client.take(2);
      expect(synced).toMatchObject({ xid: n, err: ErrorCode.ok });
      expect(dataOf(read!)).toBe(String(n));
    }
    await writer.client.destroy();
    await reader.client.destroy();
  });

  it("gets the replies to all that it sent before it closed its session", async () => {
    for (const id of [leader, follower]) {
      const { client } = await RawClient.open(ensemble.clientPort(id));
      const path = `/closing-${id}`;
      const frames = [request(1, OpCode.create, body.create(path, "0"))];
      for (let xid = 2; xid <= 50; xid++) {
        frames.push(request(xid, OpCode.setData, body.setData(path, String(xid))));
      }
      frames.push(request(51, OpCode.getData, body.read(path)));
      frames.push(request(52, OpCode.closeSession));
      client.write(Buffer.concat(frames));
      const replies = await client.take(52);
      expect(replies.map(({ xid }) => xid)).toEqual(replies.map((_, index) => index + 1));
      expect(dataOf(replies[50]!)).toBe("50");
      await client.closed;
    }
  });
});

/** Requests of all kinds below `root`, which has the data "0", in an order drawn by lot. */
function plan(root: string): Step[] {
  const random = seededRandom(root.length);
  const steps: Step[] = [];
  const children: string[] = [];
  let data = "0";
  let version = 0;
  for (let xid = 2; xid < REQUESTS; xid++) {
    const isReply = (reply: RawReply, err: number = ErrorCode.ok): void => {
      expect({ xid: reply.xid, err: reply.err }).toEqual({ xid, err });
    };
    const [nowData, nowChildren] = [data, [...children]];
    switch (randomInt(random, 0, 8)) {
      case 0: {
        data = String(xid);
        version += 1;
        const frame = request(xid, OpCode.setData, body.setData(root, data, version - 1));
        steps.push({ frame, check: isReply });
        break;
      }
      case 1: {
        const frame = request(xid, OpCode.setData, body.setData(root, "never", version + 1));
        steps.push({ frame, check: (reply) => isReply(reply, ErrorCode.badVersion) });
        break;
      }
      case 2: {
        const flags = CreateMode.persistentSequential;
        const name = `n-${String(children.length).padStart(10, "0")}`;
        children.push(name);
        const frame = request(xid, OpCode.create, body.create(`${root}/n-`, "", flags));
        const check = (reply: RawReply): void => {
          isReply(reply);
          expect(pathOf(reply)).toBe(`${root}/${name}`);
        };
        steps.push({ frame, check });
        break;
      }
      case 3: {
        const frame = request(xid, OpCode.sync, body.path(root));
        steps.push({ frame, check: isReply });
        break;
      }
      case 4: {
        const frame = request(Xid.ping, OpCode.ping);
        steps.push({ frame, check: (reply) => expect(reply.xid).toBe(Xid.ping) });
        break;
      }
      case 5: {
        const frame = request(xid, OpCode.getChildren, body.read(root));
        const check = (reply: RawReply): void => {
          isReply(reply);
          expect(childrenOf(reply)).toEqual(nowChildren);
        };
        steps.push({ frame, check });
        break;
      }
      default: {
        const frame = request(xid, OpCode.getData, body.read(root));
        const check = (reply: RawReply): void => {
          isReply(reply);
          expect(dataOf(reply)).toBe(nowData);
        };
        steps.push({ frame, check });
      }
    }
  }
  return steps;
}
