import { describe, expect, it } from "vitest";
import { openAcl } from "../../../src/wire/index.ts";
import {
  formatAcl,
  formatAuditRecord,
  formatUsers,
} from "../../../src/server/audit/audit-record.ts";

describe("formatAuditRecord()", () => {
  it("has ZooKeeper's fields in ZooKeeper's order", () => {
    const text = formatAuditRecord({
      result: "success",
      znodeType: "ephemeral",
      znode: "/a",
      operation: "create",
      ip: "127.0.0.1",
      user: "bob,127.0.0.1",
      session: "0x1",
    });
    expect(text).toBe(
      "session=0x1\tuser=bob,127.0.0.1\tip=127.0.0.1\toperation=create\tznode=/a\t" +
        "znode_type=ephemeral\tresult=success",
    );
  });

  it("leaves out what is not there and keeps what is empty", () => {
    expect(formatAuditRecord({ operation: "setAcl", acl: "", result: "failure" })).toBe(
      "operation=setAcl\tacl=\tresult=failure",
    );
  });

  it("escapes control characters, so that no value makes up a field or a line", () => {
    const znode = "/a\tresult=success\r\n\u0085\u2028b";
    expect(formatAuditRecord({ operation: "delete", znode, result: "failure" })).toBe(
      "operation=delete\tznode=/a\\u0009result=success\\u000d\\u000a\\u0085\\u2028b\tresult=failure",
    );
  });
});

describe("formatUsers()", () => {
  it("names users without schemes and passwords, and leaves out who has no name", () => {
    const ids = [
      { scheme: "super", id: "" },
      { scheme: "digest", id: "bob:qF+9=" },
      { scheme: "ip", id: "::1" },
    ];
    expect(formatUsers(ids)).toBe("bob,::1");
    expect(formatUsers([])).toBeUndefined();
  });
});

describe("formatAcl()", () => {
  it("writes entries one behind the other", () => {
    const acl = [...openAcl, { perms: 3, id: { scheme: "digest", id: "a:b" } }];
    expect(formatAcl(acl)).toBe("world:anyone:cdrwadigest:a:b:rw");
  });
});
