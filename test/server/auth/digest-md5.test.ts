import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DigestMd5Exchange } from "../../../src/server/auth/digest-md5.ts";
import { respond } from "../../support/digest-md5-client.ts";
import type { ResponseOptions } from "../../support/digest-md5-client.ts";

const passwords = new Map([
  ["bob", "bobsecret"],
  ["jörg", "pässword"],
]);
/** Nonce of an exchange that Apache ZooKeeper 3.9.5 completed, and its last message. */
const nonce = "NoGMbi1yBJxPvedNExUDnH+xLklKxib7hzi20aKk";
const apacheRspauth = "rspauth=ace33132d30bfdf25bb6d9bca24418a2";

function challenged(): DigestMd5Exchange {
  const exchange = new DigestMd5Exchange(passwords, nonce);
  exchange.step(Buffer.alloc(0));
  return exchange;
}

function answerTo(options: ResponseOptions): ReturnType<DigestMd5Exchange["step"]> {
  return challenged().step(respond("", { nonce, ...options }).response);
}

describe("DigestMd5Exchange", () => {
  it("sends the challenge that Apache ZooKeeper sends", () => {
    const { kind, ...rest } = new DigestMd5Exchange(passwords, nonce).step(Buffer.alloc(0));
    expect(kind).toBe("challenge");
    expect(rest).toEqual({
      token: Buffer.from(`realm="zk-sasl-md5",nonce="${nonce}",charset=utf-8,algorithm=md5-sess`),
    });
  });

  it("accepts the right response and proves itself as Apache ZooKeeper does", () => {
    expect(answerTo({})).toEqual({
      kind: "accepted",
      token: Buffer.from(apacheRspauth),
      user: "bob",
    });
  });

  it.each<[string, ResponseOptions]>([
    ["an authorization id, which changes nobody's name", { authzid: "super" }],
    ["a digest-uri in capitals", { uri: "ZOOKEEPER/ZK-SASL-MD5" }],
    ["no qop", { change: { qop: null } }],
    ["no charset", { change: { charset: null } }],
    ["any count of nonces", { change: { nc: "00000007" } }],
    ["unknown directives", { more: ',foo="a,b\\"c" , x = y ,' }],
  ])("accepts %s", (_, options) => {
    const { rspauth } = respond("", { nonce, ...options });
    const expected = { kind: "accepted", token: Buffer.from(rspauth), user: "bob" };
    expect(answerTo(options)).toEqual(expected);
  });

  it("hashes names of ISO 8859-1 as such", () => {
    const options = { user: "jörg", password: "pässword" };
    expect(answerTo(options)).toMatchObject({ kind: "accepted", user: "jörg" });
  });

  it.each<[string, ResponseOptions]>([
    ["a wrong password", { password: "x" }],
    ["an unknown user", { user: "nobody" }],
    ["another realm", { realm: "other" }],
    ["another nonce", { change: { nonce: '"zzz"' } }],
    ["another digest-uri", { uri: "zookeeper/other" }],
    ["integrity protection", { change: { qop: "auth-int" } }],
    ["another charset", { change: { charset: "latin1" } }],
    ["no user", { change: { username: null } }],
    ["no realm", { change: { realm: null } }],
    ["no cnonce", { change: { cnonce: null } }],
    ["no digest-uri", { change: { "digest-uri": null } }],
    ["no response", { change: { response: null } }],
    ["a directive that is there twice", { more: ",qop=auth" }],
    ["an open quote", { more: ',foo="abc' }],
    ["a directive without a name", { more: ",=b" }],
    ["more than 4096 bytes", { more: `,foo=${"a".repeat(4096)}` }],
  ])("refuses %s", (_, options) => {
    expect(answerTo(options)).toMatchObject({ kind: "failed" });
  });

  it("refuses everything after the response, a right one included", () => {
    const exchange = challenged();
    const { response } = respond("", { nonce });
    expect(exchange.step(response)).toMatchObject({ kind: "accepted" });
    expect(exchange.step(response)).toMatchObject({ kind: "failed" });
    expect(exchange.step(Buffer.alloc(0))).toMatchObject({ kind: "failed" });
  });

  it("refuses any other bytes, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(challenged().step(Buffer.from(bytes))).toMatchObject({ kind: "failed" });
      }),
    );
  });
});
