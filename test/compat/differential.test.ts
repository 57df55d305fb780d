/**
 * The same requests, byte by byte, to an Apache server and to ours: each reply and each
 * notification must say the same, but for times, the first zxid, and session ids.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { JuteWriter, OpCode, writeAuthPacket } from "../../src/wire/index.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { startComparedPair } from "./support/compared-pair.ts";
import type { ComparedPair } from "./support/compared-pair.ts";
import { describeDifference } from "./support/comparison.ts";
import { randomOperations } from "./support/random-operations.ts";
import type { RandomRequest } from "./support/random-requests.ts";
import { describeWithPeers } from "./support/real-peers.ts";

const NOTHING = Buffer.alloc(0);
const OPERATIONS = 500;
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);
const SHORTEN_LIMIT_MS = 30_000;

await describeWithPeers(
  "Our server and Apache's, request by request",
  [installApacheZooKeeper],
  () => {
    let pair: ComparedPair;

    beforeAll(async () => {
      pair = await startComparedPair();
    });

    afterAll(async () => {
      await pair.remove();
    });

    test.each(SEEDS)("they agree on the operations of seed %i", async (seed) => {
      const { comparison } = pair;
      const difference = await comparison.run(randomOperations(seed, OPERATIONS));
      if (difference === undefined) return;
      const shortest = await comparison.shorten(difference, SHORTEN_LIMIT_MS);
      expect.fail(describeDifference(shortest));
    });

    /** Requests that end a connection, or may. */
    const last: readonly (readonly [string, RandomRequest])[] = [
      ["a check outside a multi", requestOf(OpCode.check, pathAndVersion("/", -1))],
      ["an unknown operation", requestOf(99, NOTHING)],
      ["an unknown authentication scheme", requestOf(OpCode.auth, authOf("nonsense", "x"))],
      ["credentials without a password", requestOf(OpCode.auth, authOf("digest", "nobody"))],
      ["a token for SASL, where there is none", requestOf(OpCode.sasl, Buffer.alloc(4))],
    ];

    test.each(last)("they agree on what follows %s", async (_, request) => {
      const next = requestOf(OpCode.whoAmI, NOTHING);
      const operations = [request, next].map((each) => ({ session: 0, action: [each] }));
      expect(await pair.comparison.run(operations)).toBeUndefined();
    });
  },
);

function requestOf(type: number, body: Buffer): RandomRequest {
  return { type, text: `type ${type}`, isAlone: true, body: () => body };
}

function pathAndVersion(path: string, version: number): Buffer {
  const writer = new JuteWriter();
  writer.writeString(path);
  writer.writeInt(version);
  return writer.takeCopy();
}

function authOf(scheme: string, auth: string): Buffer {
  const writer = new JuteWriter();
  writeAuthPacket(writer, { scheme, auth: Buffer.from(auth) });
  return writer.takeCopy();
}
