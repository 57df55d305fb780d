import { describe, expect, it } from "vitest";
import {
  localServerLine,
  memberPaths,
  renderLocalSettings,
} from "../../../src/operator/local/member-files.ts";
import { formatProperty, operatorDigest } from "../../../src/operator/index.ts";
import { parseServerConfig } from "../../../src/server/index.ts";
import { parseProperties } from "../../../src/server/config/properties.ts";

const PORTS = [1, 2, 3].map((id) => ({
  id,
  clientPort: 2180 + id,
  quorumPort: 2887 + id,
  electionPort: 3887 + id,
  adminPort: 8079 + id,
}));

function render(config: Record<string, string>, folder = "/e") {
  const paths = memberPaths(folder, 2);
  const identity = { adminPort: 8081, ensembleUid: "e-1", operatorDigest: operatorDigest("x") };
  const settings = renderLocalSettings(paths, config, identity);
  const lines = PORTS.map((ports) => localServerLine(ports, "participant"));
  const text = [settings, ...lines].join("\n");
  return parseServerConfig(text, "zoo.cfg", (file) => (file.endsWith("/myid") ? "2\n" : null));
}

describe("renderLocalSettings()", () => {
  it("is, with the members' lines, what a server reads as a member of the quorum", () => {
    const config = render({ tickTime: "500", "zookeeper.snapCount": "77" });
    expect(config).toMatchObject({
      dataDir: "/e/member-2/data",
      myId: 2n,
      replicated: true,
      clientPort: 2182,
      clientPortAddress: "127.0.0.1",
      tickTimeMs: 500,
      snapCount: 77,
      bootstrap: "explicit",
      ensembleId: "e-1",
      reconfigEnabled: true,
      admin: { isEnabled: true, address: "127.0.0.1", port: 8081 },
      warnings: [],
    });
    expect([...config.servers.keys()]).toEqual([1n, 2n, 3n]);
  });

  it("is the same whatever the order of the specification's settings", () => {
    const paths = memberPaths("/e", 1);
    const identity = { adminPort: 1, ensembleUid: "e-1", operatorDigest: operatorDigest("x") };
    const one = renderLocalSettings(paths, { tickTime: "1", snapCount: "2" }, identity);
    expect(renderLocalSettings(paths, { snapCount: "2", tickTime: "1" }, identity)).toBe(one);
  });

  it("survives folders with unusual names", () => {
    const folder = "/e #1=\\x\u00e4: y";
    expect(render({}, folder).dataDir).toBe(`${folder}/member-2/data`);
  });
});

describe("formatProperty()", () => {
  it.each([
    ["a", "b"],
    ["a=b:c d", "x=y"],
    ["#a", "!b"],
    ["a", "line\nline\ttab\\"],
  ])("writes %j=%j so that it reads back", (key, value) => {
    const [property, ...rest] = parseProperties(formatProperty(key, value), "f");
    expect(rest).toEqual([]);
    expect(property).toMatchObject({ key, value });
  });
});
