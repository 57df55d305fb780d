/**
 * Whether the members of an ensemble hold the same: the digest of the tree that each found after
 * each transaction, as members report it (`hash`, `mntr`) and as their files say when they are
 * down. Members of 3.6 and later put the digest that the leader expects into every transaction
 * and compare, so no mismatch counted anywhere means equal digests at every step.
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
  await expect.poll(lastZxids, { timeout: 10_000 }).toBe(1);
}

/** No member of `ids` has found another digest than the one expected, or than its neighbours. */
export async function expectSameDigests(group: ServerGroup, ids: readonly number[]): Promise<void> {
  const byZxid = new Map<string, string>();
  for (const id of ids) {
    const mismatches = /^zk_digest_mismatches_count\s+(\S+)$/mu.exec(await ask(group, id, "mntr"));
    expect(Number(mismatches?.[1]), `digest mismatches of ${id}`).toBe(0);
    for (const line of (await ask(group, id, "hash")).split("\n")) {
      const [zxid = ""] = line.split(":", 1);
      if (zxid === "") continue;
      expect(line, `digest of ${id}`).toBe(byZxid.get(zxid) ?? line);
      byZxid.set(zxid, line);
    }
  }
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
