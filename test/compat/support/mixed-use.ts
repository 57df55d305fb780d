/**
 * What clients do to an ensemble whose members may be ours or Apache's: all of a client's life
 * through each member, seen through every other one, and the comparison of what the members hold
 * afterwards. Nothing here knows which member is whose.
 */
import { expect } from "vitest";
import { EnsembleClient } from "../../../src/client/index.ts";
import { RawSession } from "./raw-session.ts";
import { expectSameDigests, untilLevel } from "./same-state.ts";
import type { ServerGroup } from "./server-group.ts";
import { dumpTree } from "./tree-dump.ts";

const SESSION_TIMEOUT_MS = 10_000;

/** A client of one member alone. */
export function connectTo(group: ServerGroup, id: number): Promise<EnsembleClient> {
  const options = { sessionTimeoutMs: SESSION_TIMEOUT_MS };
  return EnsembleClient.connect(group.addressOf(id), options);
}

/**
 * A client at each of `ids` does all kinds of things below `root`, which it makes, and each sees
 * what the others did. Then their sessions end, and all members must hold the same.
 */
export async function useAll(
  group: ServerGroup,
  ids: readonly number[],
  root: string,
): Promise<void> {
  const clients = await Promise.all(ids.map((id) => connectTo(group, id)));
  const [first] = clients;
  await first?.create(root);
  for (const client of clients) await useOne(client, clients, root);
  for (const client of clients.slice(1)) await client.close();
  await first?.sync("/");
  const { children } = (await first?.getChildren(root)) ?? {};
  // Of the ephemeral nodes, only that of the session that is still open.
  expect(children?.filter((name) => /^[0-9a-f-]+$/u.test(name))).toHaveLength(1);
  await first?.close();
  await expectSameTrees(group, ids);
}

async function useOne(
  client: EnsembleClient,
  all: readonly EnsembleClient[],
  root: string,
): Promise<void> {
  const mine = `${root}/${client.sessionId.toString(16)}`;
  const events: string[] = [];
  const creations: string[] = [];
  await Promise.all(
    all.map(async (other) => {
      await other.sync("/");
      await other.getChildren(root, { watch: ({ type }) => events.push(type) });
      await other.exists(mine, { watch: ({ type }) => creations.push(type) });
    }),
  );
  await writeAll(client, mine, root);
  await expect.poll(() => events.length, { timeout: 5000 }).toBe(all.length);
  await Promise.all(
    all.map(async (other) => {
      await other.sync("/");
      expect((await other.getData(mine)).data?.toString()).toBe("2");
      expect((await other.exists(mine))?.ephemeralOwner).toBe(client.sessionId);
      expect((await other.getData(`${mine}-multi`)).data?.toString()).toBe("n");
      expect(await other.exists(`${mine}-never`)).toBeNull();
    }),
  );
  expect(creations).toEqual(all.map(() => "nodeCreated"));
}

async function writeAll(client: EnsembleClient, mine: string, root: string): Promise<void> {
  await client.create(mine, "1", { mode: "ephemeral" });
  await client.setData(mine, "2", 0);
  await expect(client.setData(mine, "3", 0)).rejects.toMatchObject({ code: "badVersion" });
  await client.create(`${root}/s-`, null, { mode: "persistentSequential" });
  await client.multi([
    { type: "create", path: `${mine}-multi`, data: "m" },
    { type: "check", path: mine, version: 1 },
    { type: "setData", path: `${mine}-multi`, data: "n" },
  ]);
  const failing = client.multi([
    { type: "create", path: `${mine}-never` },
    { type: "delete", path: `${root}/nobody` },
  ]);
  await expect(failing).rejects.toMatchObject({ failedIndex: 1 });
  await client.addAuth("digest", "me:secret");
  await client.create(`${mine}-private`, "p", {
    acl: [{ perms: 31, id: { scheme: "auth", id: "" } }],
  });
}

/** All of `ids` show the same tree, and found the same digests on the way to it. */
export async function expectSameTrees(group: ServerGroup, ids: readonly number[]): Promise<void> {
  const [first, ...others] = await Promise.all(ids.map((id) => dumpTree(group.addressOf(id))));
  for (const other of others) expect(other).toEqual(first);
  await untilLevel(group, ids);
  await expectSameDigests(group, ids);
}

/** A session that begins on one member goes on at another one, and has left the first. */
export async function moveSession(group: ServerGroup, from: number, to: number): Promise<void> {
  const { client: fromPort } = group.member(from).ports;
  const { client: toPort } = group.member(to).ports;
  const before = await RawSession.open({ port: fromPort });
  const after = await RawSession.open({ port: toPort, resume: before.granted });
  expect(after.granted).toEqual(before.granted);
  before.drop();
  await after.close();
  // A member that learns of the end meanwhile ends the connection without an answer.
  await untilLevel(group, [from, to]);
  const again = await RawSession.open({ port: fromPort, resume: before.granted });
  expect(again.granted.timeoutMs).toBe(0);
  again.drop();
}
