import { describe, expect, it } from "vitest";
import { StatPages } from "../../src/tree/stat-pages.ts";
import { StatRow } from "../../src/tree/stat-row.ts";
import type { StatPersisted } from "../../src/wire/index.ts";

/** A stat whose every field shows `seed`, some of them at the edge of their range. */
function stat(seed: number): StatPersisted {
  return {
    czxid: BigInt(seed),
    mzxid: 2n ** 63n - 1n - BigInt(seed),
    pzxid: -(2n ** 63n) + BigInt(seed),
    ctimeMs: 1_700_000_000_000 + seed,
    mtimeMs: -1 - seed,
    version: -1 - seed,
    cversion: 2 ** 31 - 1 - seed,
    aversion: seed,
    ephemeralOwner: 2n ** 56n + BigInt(seed),
  };
}

/** The fields of a row as a plain object. */
function fieldsOf(row: StatRow): StatPersisted {
  const { czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, cversion, aversion } = row;
  const { ephemeralOwner } = row;
  return {
    ...{ czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, cversion, aversion },
    ephemeralOwner,
  };
}

describe("StatPages", () => {
  it("keeps each row apart over many pages", () => {
    const pages = new StatPages();
    const rows = Array.from({ length: 5000 }, (_, seed) => new StatRow(pages, stat(seed)));
    expect(rows.map(fieldsOf)).toEqual(rows.map((_, seed) => stat(seed)));
  });

  it("hands out again what was given back, and only that", () => {
    const pages = new StatPages();
    const rows = Array.from({ length: 3000 }, (_, seed) => new StatRow(pages, stat(seed)));
    const kept = rows.filter((_, seed) => seed % 3 !== 0);
    for (const [seed, row] of rows.entries()) if (seed % 3 === 0) row.giveBack(pages);
    const later = Array.from({ length: 1000 }, (_, at) => new StatRow(pages, stat(10_000 + at)));
    expect(pages.take()).toBe(3000);
    expect(kept.map((row) => row.czxid % 3n)).not.toContain(0n);
    expect(later.map(fieldsOf)).toEqual(later.map((_, at) => stat(10_000 + at)));
  });
});

describe("StatRow", () => {
  it("starts without a checksum and with the open ACL, whatever had the row before", () => {
    const pages = new StatPages();
    const before = new StatRow(pages, stat(1));
    before.contentCrc = 2 ** 32;
    before.aclIndex = 7;
    before.giveBack(pages);
    const { contentCrc, digest, aclIndex } = new StatRow(pages, stat(2));
    expect({ contentCrc, digest, aclIndex }).toEqual({ contentCrc: 0, digest: 0, aclIndex: -1 });
  });

  it("shows zeros once its row is another's", () => {
    const pages = new StatPages();
    const gone = new StatRow(pages, stat(1));
    gone.giveBack(pages);
    new StatRow(pages, stat(2));
    expect(gone.czxid).toBe(0n);
    expect(gone.mtimeMs).toBe(0);
  });
});
