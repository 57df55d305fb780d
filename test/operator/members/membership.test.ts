import { expect, it } from "vitest";
import { toMembership } from "../../../src/operator/members/membership.ts";

const LINES = [
  "server.1=demo-0.demo-members.prod.svc.cluster.local:2888:3888:participant;0.0.0.0:2181",
  "server.2=[fd00::2]:2888:3888:participant;[::]:2181",
  "server.3=10.0.0.3:2888:3888;2181",
  "server.101=10.0.0.4:2888:3888:observer;0.0.0.0:2181",
  "server.102=10.0.0.5:2888:3888:observer|10.0.1.5:2888:3888:observer",
  "group.1=1:2",
  "version=10000000a",
];

it("toMembership() reads who votes and who does not", () => {
  expect(toMembership({ text: LINES.join("\n"), version: 0x10000000an })).toEqual({
    version: 0x10000000an,
    voters: [1, 2, 3],
    observers: [101, 102],
  });
});

it("toMembership() knows nobody where nothing is said", () => {
  expect(toMembership({ text: "", version: 0n })).toMatchObject({ voters: [], observers: [] });
});
