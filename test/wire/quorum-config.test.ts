import { describe, expect, it } from "vitest";
import { formatQuorumConfig, parseQuorumConfig } from "../../src/wire/quorum-config.ts";

const majority = [
  "server.1=127.0.0.1:2888:3888:participant;0.0.0.0:2181",
  "server.2=[::1]:2888:3888:observer;[::1]:2181",
  "server.10=zk10:2888:3888:participant",
  "version=100000000",
];
const servers = [1, 2, 3, 4].map((sid) => `server.${sid}=zk${sid}:1:2:participant`);

describe("formatQuorumConfig()", () => {
  it("writes what parseQuorumConfig() reads, by ascending id, with the version in hexadecimal", () => {
    const config = parseQuorumConfig([...majority].reverse().join("\r\n"));
    expect(config.version).toBe(0x100000000n);
    expect([...config.servers.keys()]).toEqual([1n, 2n, 10n]);
    expect(formatQuorumConfig(config)).toBe(majority.join("\n"));
  });

  it("writes groups and the weights of all participants, as ZooKeeper's QuorumHierarchical does", () => {
    const text = [...servers, "group.2=4:3", "group.1=1:2", "weight.3=0", "version=5"].join("\n");
    expect(formatQuorumConfig(parseQuorumConfig(text)).split("\n").slice(4)).toEqual([
      "group.1=1:2",
      "group.2=3:4",
      "weight.1=1",
      "weight.2=1",
      "weight.3=0",
      "weight.4=1",
      "version=5",
    ]);
  });
});

describe("parseQuorumConfig()", () => {
  it("reads a missing version as 0", () => {
    expect(parseQuorumConfig("server.1=a:1:2").version).toBe(0n);
  });

  it.each([
    ["version=", "the version in hexadecimal"],
    ["hello", "lines server.N="],
    ["server.1=a:1:2\nserver.1=a:1:3", "each server id once"],
    ["server.1=a:1:2\ngroup.1=1:x", "server ids with ':'"],
    ["server.1=a:1:2\ngroup.1=1:2", "no server in a group"],
    ["server.1=a:1:2\ngroup.1=1\ngroup.2=1", "server 1 in one group only"],
    ["server.1=a:1:2\nserver.2=a:1:3\ngroup.1=1", "server 2 in a group"],
    ["server.1=a:1:2\nweight.1=1", "server 1 in a group"],
    ["server.1=a:1:2\ngroup.1=1\nweight.1=4294967296", "a whole number up to"],
  ])("rejects %j", (text, message) => {
    expect(() => parseQuorumConfig(text)).toThrow(message);
  });

  it("rejects more servers than any ensemble has", () => {
    const lines = Array.from({ length: 256 }, (_, sid) => `server.${sid}=a:1:2:observer`);
    expect(() => parseQuorumConfig(lines.join("\n"))).toThrow("at most 255 servers");
  });
});
