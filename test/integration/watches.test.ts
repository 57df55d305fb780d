/**
 * Watches on a real ensemble, seen frame by frame: they fire once, before anything that shows the
 * change, and a client that comes back to another server is told what it missed.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import type { WatchEvent } from "../../src/client/index.ts";
import { ErrorCode, EventType, OpCode, Xid } from "../../src/wire/index.ts";
import { RawClient, body, dataOf, eventOf, request } from "./support/raw-client.ts";
import type { RawReply } from "./support/raw-client.ts";
import { TestEnsemble, eventually } from "./support/test-ensemble.ts";

/** Reads that a client pipelines while it waits for a change. */
const READS = 50;

describe("A watch", () => {
  let ensemble: TestEnsemble;
  let leader: number;
  let followers: number[];
  /** Writes on the leader; every node of a test is below `root`. */
  let admin: EnsembleClient;
  let root: string;
  let testNumber = 0;

  beforeAll(async () => {
    ensemble = await TestEnsemble.start(3);
    leader = await ensemble.whenLed();
    followers = await ensemble.followers();
    admin = await EnsembleClient.connect(ensemble.connectString([leader]));
  });

  afterAll(() => ensemble.dispose());

  const newRoot = async (): Promise<void> => {
    testNumber += 1;
    root = `/test-${testNumber}`;
    await admin.create(root, "0");
  };

  /** A client of `id` that knows of everything written so far. */
  const openAt = async (id: number): Promise<RawClient> => {
    const { client } = await RawClient.open(ensemble.clientPort(id));
    await client.call(1, OpCode.sync, body.path("/"));
    return client;
  };

  const servers = (): [role: string, id: number][] => [
    ["the leader", leader],
    ["a follower", followers[0]!],
  ];

  it("fires once", async () => {
    for (const [, id] of servers()) {
      await newRoot();
      const client = await openAt(id);
      await client.call(2, OpCode.getData, body.read(root, true));
      await client.call(3, OpCode.exists, body.read(root, true));
      for (let n = 1; n <= 3; n++) await admin.setData(root, String(n));
      client.write(request(4, OpCode.sync, body.path("/")));
      const replies = await client.take(2);
      expect(replies.map(eventOf)).toEqual([
        { type: EventType.nodeDataChanged, path: root },
        undefined,
      ]);
      expect(client.unreadCount).toBe(0);
      await client.destroy();
    }
  });

  it("fires for what it watches, and for nothing else", async () => {
    for (const [, id] of servers()) {
      await newRoot();
      const client = await openAt(id);
      const child = `${root}/child`;
      const missing = `${root}/missing`;
      await client.call(2, OpCode.exists, body.read(missing, true));
      await client.call(3, OpCode.getChildren, body.read(root, true));
      await client.call(4, OpCode.getData, body.read(root, true));
      await admin.create(child);
      await admin.create(missing);
      await admin.setData(root, "1");
      await admin.setData(root, "2");
      await admin.delete(child);
      client.write(request(5, OpCode.sync, body.path("/")));
      const replies = await client.take(4);
      expect(replies.map(eventOf)).toEqual([
        { type: EventType.nodeChildrenChanged, path: root },
        { type: EventType.nodeCreated, path: missing },
        { type: EventType.nodeDataChanged, path: root },
        undefined,
      ]);
      expect(replies[3]).toMatchObject({ xid: 5, err: ErrorCode.ok });
      await client.destroy();
    }
  });

  it("tells of a deletion once, however a client watches the node", async () => {
    for (const [, id] of servers()) {
      await newRoot();
      const client = await openAt(id);
      const node = `${root}/node`;
      await admin.create(node);
      await client.call(2, OpCode.sync, body.path("/"));
      await client.call(3, OpCode.getData, body.read(node, true));
      await client.call(4, OpCode.exists, body.read(node, true));
      await client.call(5, OpCode.getChildren, body.read(node, true));
      await admin.delete(node);
      await admin.create(node);
      client.write(request(6, OpCode.sync, body.path("/")));
      const replies = await client.take(2);
      expect(replies.map(eventOf)).toEqual([
        { type: EventType.nodeDeleted, path: node },
        undefined,
      ]);
      await client.destroy();
    }
  });

  it("comes before the reply to the client's own write", async () => {
    for (const [, id] of servers()) {
      await newRoot();
      const client = await openAt(id);
      client.write(
        Buffer.concat([
          request(2, OpCode.getData, body.read(root, true)),
          request(3, OpCode.setData, body.setData(root, "mine")),
          request(4, OpCode.getData, body.read(root)),
        ]),
      );
      const replies = await client.take(4);
      expect(replies.map(({ xid }) => xid)).toEqual([2, Xid.notification, 3, 4]);
      expect(replies[1]!.zxid).toBe(replies[2]!.zxid);
      expect(dataOf(replies[3]!)).toBe("mine");
      await client.destroy();
    }
  });

  it("comes before the first read that shows another client's write", async () => {
    for (const [role, id] of servers()) {
      for (let round = 0; round < 10; round++) {
        await newRoot();
        const client = await openAt(id);
        await client.call(2, OpCode.getData, body.read(root, true));
        const written = admin.setData(root, "new");
        const seen: RawReply[] = [];
        let xid = 3;
        while (!seen.some((reply) => reply.xid !== Xid.notification && dataOf(reply) === "new")) {
          for (let n = 0; n < READS; n++) {
            client.write(request(xid++, OpCode.getData, body.read(root)));
          }
          seen.push(...(await client.take(READS)));
        }
        await written;
        const event = seen.findIndex((reply) => reply.xid === Xid.notification);
        const shown = seen.findIndex((reply) => reply.xid > 0 && dataOf(reply) === "new");
        expect(event, `on ${role}`).toBeGreaterThanOrEqual(0);
        expect(event, `on ${role}`).toBeLessThan(shown);
        await client.destroy();
      }
    }
  });

  it("fires for each change of a multi, and not for one that failed", async () => {
    await newRoot();
    const client = await openAt(followers[0]!);
    const [one, two] = [`${root}/one`, `${root}/two`];
    for (const [index, path] of [one, two].entries()) {
      await client.call(2 + index, OpCode.exists, body.read(path, true));
    }
    const makeBoth = [
      { type: "create", path: one },
      { type: "create", path: two },
    ] as const;
    const failing = { type: "check", path: root, version: 77 } as const;
    await expect(admin.multi([...makeBoth, failing])).rejects.toThrow("version");
    await client.call(4, OpCode.sync, body.path("/"));
    await admin.multi(makeBoth);
    expect((await client.take(2)).map(eventOf)).toEqual([
      { type: EventType.nodeCreated, path: one },
      { type: EventType.nodeCreated, path: two },
    ]);
    await client.destroy();
  });

  it("is caught up by setWatches at another server, and stays where nothing changed", async () => {
    for (const id of [followers[1]!, leader]) {
      await newRoot();
      const at = (name: string): string => `${root}/${name}`;
      for (const name of ["data", "data-same", "gone", "child", "child-same"]) {
        await admin.create(at(name));
      }
      const client = await openAt(followers[0]!);
      const { zxid } = await client.call(2, OpCode.exists, body.read(root));
      await client.destroy();
      await admin.setData(at("data"), "x");
      await admin.delete(at("gone"));
      await admin.create(at("exist"));
      await admin.create(at("child/grandchild"));
      const back = await openAt(id);
      const watches = body.setWatches({
        relativeZxid: zxid,
        dataWatches: [at("data"), at("data-same"), at("gone")],
        existWatches: [at("exist"), at("exist-same")],
        childWatches: [at("child"), at("child-same"), at("gone")],
      });
      back.write(request(Xid.setWatches, OpCode.setWatches, watches));
      const replies = await back.take(6);
      expect(replies.map(eventOf)).toEqual([
        { type: EventType.nodeDataChanged, path: at("data") },
        { type: EventType.nodeDeleted, path: at("gone") },
        { type: EventType.nodeCreated, path: at("exist") },
        { type: EventType.nodeChildrenChanged, path: at("child") },
        { type: EventType.nodeDeleted, path: at("gone") },
        undefined,
      ]);
      expect(replies[5]).toMatchObject({ xid: Xid.setWatches, err: ErrorCode.ok });
      await admin.setData(at("data"), "no longer watched");
      await admin.setData(at("data-same"), "y");
      await admin.create(at("exist-same"));
      await admin.create(at("child-same/grandchild"));
      expect((await back.take(3)).map(eventOf)).toEqual([
        { type: EventType.nodeDataChanged, path: at("data-same") },
        { type: EventType.nodeCreated, path: at("exist-same") },
        { type: EventType.nodeChildrenChanged, path: at("child-same") },
      ]);
      await back.destroy();
    }
  });

  it("reaches a client whose server is killed, whenever the change happens", async () => {
    await newRoot();
    const events: WatchEvent[] = [];
    const watcher = (event: WatchEvent): void => {
      events.push(event);
    };
    const home = followers[0]!;
    const client = await EnsembleClient.connect(ensemble.connectString([home]));
    const other = await EnsembleClient.connect(ensemble.connectString([followers[1]!]));
    const [missed, later] = [`${root}/missed`, `${root}/later`];
    await client.sync("/");
    await client.exists(missed, { watch: watcher });
    await client.exists(later, { watch: watcher });
    await ensemble.kill(home);
    await other.create(missed);
    await ensemble.startServer(home);
    await eventually("the missed event", () => events.length === 1);
    await other.create(later);
    await eventually("the later event", () => events.length === 2);
    expect(events).toEqual([
      { type: "nodeCreated", path: missed },
      { type: "nodeCreated", path: later },
    ]);
    await client.close();
    await other.close();
  });
});
