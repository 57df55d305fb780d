/**
 * Whether the members of an ensemble hold the same: the digest of the tree that each found after
 * transactions, as members report it (`hash`, `mntr`) and as their files say when they are down.
 * The leader puts the digest that it expects into every transaction and members compare, so that a
 * member that counts no mismatch has had the leader's digest at every step.
 */
import { Command } from "commander";
import { expect } from "vitest";
import { registerInspect } from "../../../src/cli/index.ts";
import { askFourLetterWord } from "./four-letter-word.ts";
import type { ServerGroup } from "./server-group.ts";

/** Waits until `ids` have applied the same last transaction. Needs an ensemble nobody writes to. */
export async function untilLevel(group: ServerGroup, ids: readonly number[]): Promise<void> {
  const lastZxids = async (): Promise<number> => {
    const answers = await Promise.all(ids.map((id) => ask(group, id, "srvr")));
    return new Set(answers.map((answer) => /^Zxid: (\S+)$/mu.exec(answer)?.[1])).size;
  };
  await expect.poll(lastZxids, { timeout: 30_000 }).toBe(1);
}

/**
 * At the newest transaction for which all of `ids` show a digest it is the same, and none of ours
 * has ever found another one than the leader's. Apache's servers may have, while they replayed what
 * was written during a snapshot that they got.
 */
export async function expectSameDigests(group: ServerGroup, ids: readonly number[]): Promise<void> {
  const shown: Map<string, string>[] = [];
  for (const id of ids) {
    if (group.kindOf(id) === "ensemble") {
      const count = /^zk_digest_mismatches_count\s+(\S+)$/mu.exec(
        await ask(group, id, "mntr"),
      )?.[1];
      expect(Number(count), `digest mismatches of ${id}`).toBe(0);
    }
    const lines = (await ask(group, id, "hash")).split("\n").filter((line) => line !== "");
    shown.push(new Map(lines.map((line) => line.split(": ", 2) as [string, string])));
  }
  const [first, ...others] = shown;
  const newest = Array.from(first?.keys() ?? []).findLast((zxid) =>
    others.every((digests) => digests.has(zxid)),
  );
  if (newest === undefined) return;
  expect(new Set(shown.map((digests) => digests.get(newest))).size, `digests at ${newest}`).toBe(1);
}

/**
 * What the files of members that are down amount to: "lastZxid, nodes, sessions, digest" each.
 * Fails when a file is damaged or a tree has not the digest that its transactions carry.
 */
export async function statesOnDisk(group: ServerGroup, ids: readonly number[]): Promise<string[]> {
  return Promise.all(
    ids.map(async (id) => {
      const lines = await inspect("verify", group.member(id).dataFolder);
      const facts = lines.filter((line) => /^(?:lastZxid|nodes|sessions|digest):/u.test(line));
      return facts.join(", ");
    }),
  );
}

/** The lines that `ensemble inspect` prints. @throws InspectError for damaged files. */
export async function inspect(...words: string[]): Promise<string[]> {
  const lines: string[] = [];
  const program = new Command();
  registerInspect(program, { print: (line) => lines.push(line) });
  await program.parseAsync(["inspect", ...words], { from: "user" });
  return lines;
}

function ask(group: ServerGroup, id: number, word: string): Promise<string> {
  return askFourLetterWord("127.0.0.1", group.member(id).ports.client, word);
}
