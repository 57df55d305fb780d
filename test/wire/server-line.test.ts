import { describe, expect, it } from "vitest";
import { formatServerLine, parseNumberedKey, parseServerLine } from "../../src/wire/server-line.ts";

describe("parseServerLine()", () => {
  it("reads host, ports, role and client address", () => {
    expect(parseServerLine(1n, "zk1:2888:3888:observer;10.0.0.1:2181")).toEqual({
      sid: 1n,
      addresses: [{ host: "zk1", quorumPort: 2888, electionPort: 3888 }],
      role: "observer",
      clientAddress: { host: "10.0.0.1", port: 2181 },
    });
  });

  it("makes a voter without client address of the shortest line", () => {
    expect(parseServerLine(1n, "zk1:2888:3888")).toEqual({
      sid: 1n,
      addresses: [{ host: "zk1", quorumPort: 2888, electionPort: 3888 }],
      role: "participant",
    });
  });

  it("takes a lone client port as every interface", () => {
    expect(parseServerLine(1n, "zk1:1:2;2181").clientAddress).toEqual({
      host: "0.0.0.0",
      port: 2181,
    });
  });

  it("reads IPv6 addresses in brackets", () => {
    const server = parseServerLine(2n, "[2001:db8::1]:2888:3888:participant;[::1]:2181");
    expect(server.addresses[0]?.host).toBe("2001:db8::1");
    expect(server.clientAddress).toEqual({ host: "::1", port: 2181 });
  });

  it("reads several addresses", () => {
    const server = parseServerLine(2n, "a:1:2|[::1]:3:4:observer;5");
    expect(server.addresses).toEqual([
      { host: "a", quorumPort: 1, electionPort: 2 },
      { host: "::1", quorumPort: 3, electionPort: 4 },
    ]);
    expect(server.role).toBe("observer");
  });

  it.each([
    ["zk1", "host:quorumPort"],
    ["zk1:2888", "host:quorumPort"],
    [":2888:3888", "host:quorumPort"],
    ["zk1:x:3888", "the quorum port"],
    ["zk1:2888:65536", "the election port"],
    ["zk1:2888:3888:leader", "participant or observer"],
    ["zk1:2888:3888;", "the client port"],
    ["zk1:2888:3888;a:b:1", "clientPort after"],
    ["zk1:2888:3888;1;2", "at most one"],
    ["[::1:2888:3888", "a ']'"],
    ["[::1]2888:3888", "a ':'"],
    ["zk 1:2888:3888", "host:quorumPort"],
    ["zk1,zk2:2888:3888", "host:quorumPort"],
    ["zk1:2888:3888;a\u0000b:1", "clientPort after"],
  ])("rejects %s", (line, message) => {
    expect(() => parseServerLine(1n, line)).toThrow(message);
  });
});

describe("parseNumberedKey()", () => {
  it("reads ids of up to 63 bits", () => {
    expect(parseNumberedKey("server.9223372036854775807")).toBe(9223372036854775807n);
  });

  it.each(["server.", "server.x", "server.-1", "server.9223372036854775808", "server.1.2"])(
    "rejects %s",
    (key) => {
      expect(() => parseNumberedKey(key)).toThrow("server.N");
    },
  );
});

describe("formatServerLine()", () => {
  it("writes several addresses by host, with the role once behind them, as ZooKeeper does", () => {
    expect(formatServerLine(parseServerLine(1n, "b:3:4|a:1:2:observer"))).toBe(
      "a:1:2|b:3:4:observer",
    );
  });
});
