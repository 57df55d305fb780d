import { describe, expect, it } from "vitest";
import { parseJaasFile } from "../../../src/server/config/jaas-file.ts";

function options(text: string): Record<string, string> {
  const modules = parseJaasFile(text, "jaas.conf").get("Server") ?? [];
  return Object.fromEntries(modules.flatMap((module) => [...module.options]));
}

function failure(text: string): string {
  try {
    parseJaasFile(text, "jaas.conf");
  } catch (error) {
    if (error instanceof Error && error.name === "ConfigError") return error.message;
    throw error;
  }
  throw new Error("The file was accepted");
}

describe("parseJaasFile()", () => {
  it("reads sections, modules and options", () => {
    const text = `
// users of the clients' port
Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
    user_super="adminsecret"
    user_bob = "bobsecret"; /* one
    more */
  a.b.Other OPTIONAL;
};
QuorumServer { x required; };
`;
    const file = parseJaasFile(text, "jaas.conf");
    expect([...file.keys()]).toEqual(["Server", "QuorumServer"]);
    const digest = "org.apache.zookeeper.server.auth.DigestLoginModule";
    expect(file.get("Server")).toMatchObject([
      { className: digest, line: 4 },
      { className: "a.b.Other", line: 8 },
    ]);
    expect(options(text)).toEqual({ user_super: "adminsecret", user_bob: "bobsecret" });
  });

  it("reads quoted names, words without quotes, and escapes", () => {
    const text = String.raw`Server{m required user_a=word "user_b c"="x" user_d="q\"\\\t\101//;";};`;
    expect(options(text)).toEqual({ user_a: "word", "user_b c": "x", user_d: 'q"\\\tA//;' });
  });

  it("takes an empty file for one without sections", () => {
    expect(parseJaasFile(" // nothing\n", "jaas.conf").size).toBe(0);
  });

  it.each([
    ['Server {\n m required\n user_a="x";\n}', "jaas.conf:4: expected ';', found 'the end of"],
    ['Server {\n m user_a="x";\n};', "jaas.conf:2: expected required, requisite, sufficient or"],
    ['Server {\n m required\n user_a "secret";\n};', "jaas.conf:3: expected '='"],
    ["Server {\n m required\n user_a=;\n};", "jaas.conf:3: expected a value of 'user_a', in"],
    ['Server {\n m required user_a="x\n";};', "jaas.conf:2: expected a closing quote on the"],
    ['Server {\n m required user_a="${x}";\n};', "jaas.conf:2: expected a value of 'user_a' w"],
    ["A {};\n\nA {};", "jaas.conf:3: expected section 'A' only once"],
    ["/* open", "jaas.conf:1: expected an end of the comment"],
    ["{", "jaas.conf:1: expected the name of a section, found '{'"],
  ])("refuses %j", (text, message) => {
    expect(failure(text).slice(0, message.length)).toBe(message);
  });

  it("never quotes a password", () => {
    expect(failure('Server { m required user_a="x" "secret" };')).not.toContain("secret");
    expect(failure("Server { m required user_a='secret'; };")).not.toContain("secret");
  });
});
