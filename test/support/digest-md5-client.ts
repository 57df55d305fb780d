/**
 * The client's side of DIGEST-MD5 (RFC 2831) as far as tests need it, written apart from the
 * server's; each part of the response can be changed or left out, to see what a server says.
 */
import { createHash } from "node:crypto";

/** What to answer, and what to do wrong. */
export interface ResponseOptions {
  readonly user?: string;
  readonly password?: string;
  readonly realm?: string;
  readonly uri?: string;
  readonly nonce?: string;
  readonly authzid?: string;
  /** Directives instead of the right ones; null leaves one out. */
  readonly change?: Readonly<Record<string, string | null>>;
  /** Text behind the last directive. */
  readonly more?: string;
}

const cnonce = "OA6MHXh6VqTrRk";

/** The response to `challenge`, and what the server must prove its knowledge with. */
export function respond(
  challenge: string,
  options: ResponseOptions = {},
): { readonly response: Buffer; readonly rspauth: string } {
  const { user = "bob", password = "bobsecret", realm = "zk-sasl-md5", authzid } = options;
  const uri = options.uri ?? "zookeeper/zk-sasl-md5";
  const nonce = options.nonce ?? /nonce="([^"]*)"/u.exec(challenge)?.[1] ?? "";
  const tail = authzid === undefined ? "" : `:${authzid}`;
  const secret = createHash("md5").update(`${user}:${realm}:${password}`, "latin1").digest();
  const a1 = createHash("md5").update(secret).update(`:${nonce}:${cnonce}${tail}`).digest("hex");
  const value = (a2: string): string => hex(`${a1}:${nonce}:00000001:${cnonce}:auth:${hex(a2)}`);
  const directives: Record<string, string | null> = {
    charset: "utf-8",
    username: `"${user}"`,
    realm: `"${realm}"`,
    nonce: `"${nonce}"`,
    nc: "00000001",
    cnonce: `"${cnonce}"`,
    "digest-uri": `"${uri}"`,
    maxbuf: "65536",
    response: value(`AUTHENTICATE:${uri}`),
    qop: "auth",
    ...(authzid === undefined ? {} : { authzid: `"${authzid}"` }),
    ...options.change,
  };
  const parts = Object.entries(directives).flatMap(([name, text]) =>
    text === null ? [] : [`${name}=${text}`],
  );
  const response = Buffer.from(parts.join(",") + (options.more ?? ""));
  return { response, rspauth: `rspauth=${value(`:${uri}`)}` };
}

function hex(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
