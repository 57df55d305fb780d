/** Which configuration counts at a start. */
import { describe, expect, test } from "vitest";
import { nullLogger } from "../../../src/observe/index.ts";
import { EnsembleView, chooseActive, findLastSeen } from "../../../src/server/reconfig/index.ts";
import { formatQuorumConfig, parseQuorumConfig } from "../../../src/wire/index.ts";

const text = (version: string, host = "h"): string =>
  `server.1=${host}:1:2:participant;0.0.0.0:3\nserver.2=${host}2:1:2:observer\nversion=${version}`;

interface Sources {
  readonly stated: string;
  readonly recorded?: string;
  readonly inState?: string;
}

function choose({ stated, recorded, inState }: Sources) {
  const warnings: string[] = [];
  const active = chooseActive(
    {
      stated: parseQuorumConfig(stated),
      file: "zoo.cfg",
      recorded: recorded ?? null,
      recordFile: "activeConfig",
    },
    { ...nullLogger, warn: (message) => warnings.push(message) },
  );
  const lastSeen = findLastSeen(active, inState ?? "");
  const seen = lastSeen === undefined ? undefined : formatQuorumConfig(lastSeen);
  return { active: formatQuorumConfig(active), seen, warned: warnings.length > 0 };
}

describe("chooseActive() and findLastSeen()", () => {
  test("takes what was in force over files that were left behind, and says so", () => {
    const chosen = choose({ stated: text("0", "old"), recorded: text("100000005") });
    expect(chosen).toEqual({ active: text("100000005"), seen: undefined, warned: true });
  });

  test("keeps silent where the files say the same under another version", () => {
    const chosen = choose({ stated: text("0"), recorded: text("100000000") });
    expect(chosen).toMatchObject({ active: text("100000000"), warned: false });
  });

  test("takes newer files, as another server program has left them", () => {
    const chosen = choose({ stated: text("7"), recorded: text("5", "old") });
    expect(chosen).toMatchObject({ active: text("7"), warned: false });
  });

  test("reckons with a newer configuration in the log, committed or not", () => {
    expect(choose({ stated: text("5"), inState: text("7", "new") })).toMatchObject({
      active: text("5"),
      seen: text("7", "new"),
    });
    expect(choose({ stated: text("5"), inState: text("5") }).seen).toBeUndefined();
  });

  test("leaves out the members of another ensemble whose backup this is", () => {
    expect(choose({ stated: text("0"), inState: text("7", "foreign") }).seen).toBeUndefined();
  });

  test("leaves out a text in the node that is no configuration", () => {
    expect(choose({ stated: text("5"), inState: "hello" }).seen).toBeUndefined();
  });

  test("refuses a record that cannot be read", () => {
    expect(() => choose({ stated: text("0"), recorded: "server.x" })).toThrow(
      "activeConfig: expected a configuration",
    );
  });
});

describe("EnsembleView", () => {
  const of = (lines: string) => parseQuorumConfig(`${lines}\nversion=5`);
  const first = of("server.1=a:1:2\nserver.2=b:1:2");

  test("knows where members are, of both configurations during a change", () => {
    const view = new EnsembleView(1n, first, undefined);
    const { quorumEndpoints, electionEndpoints } = view;
    view.update(first, of("server.1=a:1:2\nserver.2=c:8:9\nserver.3=d:1:2"));
    expect([...electionEndpoints]).toEqual([
      [1n, { host: "a", port: 2 }],
      [2n, { host: "b", port: 2 }],
      [3n, { host: "d", port: 2 }],
    ]);
    view.update(of("server.1=a:1:2\nserver.2=c:8:9"), undefined);
    expect([...quorumEndpoints]).toEqual([
      [1n, { host: "a", port: 1 }],
      [2n, { host: "c", port: 8 }],
    ]);
  });

  test("a server that was removed is still where it was", () => {
    const view = new EnsembleView(2n, first, undefined);
    view.update(of("server.1=a:1:2"), undefined);
    expect(view.own?.addresses).toEqual([{ host: "b", quorumPort: 1, electionPort: 2 }]);
    expect(view.electionEndpoints.get(2n)).toEqual({ host: "b", port: 2 });
  });
});
