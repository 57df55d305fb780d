/** Limits on the work of all clients together, on a server that runs. */
import { describe, expect, it } from "vitest";
import { nullLogger } from "../../src/observe/index.ts";
import type { LogFields } from "../../src/observe/index.ts";
import { ErrorCode, OpCode } from "../../src/wire/index.ts";
import { startLeader } from "./support/in-process-server.ts";
import { RawClient, body, request } from "./support/raw-client.ts";
import { eventually } from "./support/test-ensemble.ts";

/** A session on a server that may still be electing itself. */
async function openSession(port: number): Promise<RawClient> {
  let client: RawClient | undefined;
  await eventually("a session is opened", async () => {
    client = await RawClient.open(port).then(
      (opened) => opened.client,
      () => undefined,
    );
    return client !== undefined;
  });
  return client!;
}

/** So many creations, of which the server gets all at once. */
function creations(count: number, prefix: string): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, index) =>
      request(index + 1, OpCode.create, body.create(`/${prefix}${String(index)}`, "data")),
    ),
  );
}

describe("A server", () => {
  it("answers everything in order though few requests may be under way", async () => {
    const port = await startLeader("globalOutstandingLimit=3");
    const clients = [await openSession(port), await openSession(port)];
    for (const [index, client] of clients.entries()) {
      client.write(creations(500, `client-${String(index)}-`));
    }
    for (const client of clients) {
      const replies = await client.take(500);
      expect(replies.map(({ xid }) => xid)).toEqual(replies.map((_, index) => index + 1));
      expect(replies.every(({ err }) => err === ErrorCode.ok)).toBe(true);
    }
  });

  it("reads nobody while request_throttle_max_requests are under way, and loses nothing", async () => {
    const port = await startLeader("request_throttle_max_requests=1");
    const clients = await Promise.all([1, 2, 3].map(() => openSession(port)));
    for (const [index, client] of clients.entries()) {
      client.write(creations(50, `client-${String(index)}-`));
    }
    for (const client of clients) {
      expect((await client.take(50)).every(({ err }) => err === ErrorCode.ok)).toBe(true);
    }
  });

  it("refuses requests that had to wait for longer than throttled_op_wait_time", async () => {
    const port = await startLeader("request_throttle_max_requests=1\nthrottled_op_wait_time=1");
    const client = await openSession(port);
    const errors = new Set<number>();
    for (let round = 0; !errors.has(ErrorCode.throttledOp) && round < 50; round++) {
      client.write(creations(100, `round-${String(round)}-`));
      const replies = await client.take(100);
      expect(replies.map(({ xid }) => xid)).toEqual(replies.map((_, index) => index + 1));
      for (const { err } of replies) errors.add(err);
    }
    expect([...errors].sort()).toEqual([ErrorCode.throttledOp, ErrorCode.ok].sort());
    expect((await client.call(1, OpCode.getData, body.read("/round-0-0"))).err).toBe(ErrorCode.ok);
  });

  it("closes a connection whose large request finds no room", async () => {
    const port = await startLeader("largeRequestThreshold=1000\nlargeRequestMaxBytes=5000");
    const client = await openSession(port);
    const large = (size: number) => body.create("/large", "x".repeat(size));
    expect((await client.call(1, OpCode.create, large(3000))).err).toBe(ErrorCode.ok);
    client.write(request(2, OpCode.create, large(6000)));
    await client.closed;
  });

  it("opens so many sessions at once, and more with time", async () => {
    const port = await startLeader(
      "connection_throttle_tokens=2\nconnection_throttle_fill_time=100",
    );
    await openSession(port);
    const attempts = await Promise.allSettled([1, 2, 3, 4, 5].map(() => RawClient.open(port)));
    const refused = attempts.filter(({ status }) => status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(5);
    await openSession(port);
  });

  it("says which reply is longer than jute.maxbuffer, and sends it all the same", async () => {
    const lines: [string, LogFields][] = [];
    const logger = {
      ...nullLogger,
      warn: (message: string, fields: LogFields = {}): void => {
        lines.push([message, fields]);
      },
    };
    const port = await startLeader("jute.maxbuffer=2000", logger);
    const client = await openSession(port);
    client.write(creations(200, "child-with-a-rather-long-name-"));
    await client.take(200);
    const list = await client.call(1, OpCode.getChildren, body.read("/"));
    expect(list.err).toBe(ErrorCode.ok);
    expect(lines).toContainEqual([
      "Reply is longer than jute.maxbuffer: the client may disconnect over it",
      expect.objectContaining({ path: "/", limit: 2000, bytes: list.body.length + 16 }),
    ]);
  });
});
