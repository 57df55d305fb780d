/**
 * The server's side of the SASL mechanism DIGEST-MD5 (RFC 2831, quality `auth`), for one
 * authentication: a challenge, the client's response, and the proof that the server knows the
 * password too. What it accepts and refuses beyond the RFC is what Java's implementation does,
 * because ZooKeeper's clients were written against that. The mechanism protects no more than the
 * password on the wire, and that with MD5; over anything but loopback it belongs inside TLS.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { parseDirectives } from "./sasl-directives.ts";

/** Server name and realm that ZooKeeper's clients expect. */
const realm = "zk-sasl-md5";
const digestUri = `zookeeper/${realm}`;

/** Longest response read, in bytes. */
const responseBytesMax = 4096;

/** What to do after a message of the client. */
export type SaslStep =
  | { readonly kind: "challenge"; readonly token: Buffer }
  | { readonly kind: "accepted"; readonly token: Buffer; readonly user: string }
  | { readonly kind: "failed"; readonly reason: string };

export class DigestMd5Exchange {
  readonly #passwords: ReadonlyMap<string, string>;
  readonly #nonce: string;
  #stage: "initial" | "challenged" | "over" = "initial";

  /**
   * @param passwords - by user.
   * @param nonce - unpredictable, never used before, without quotes or backslashes.
   */
  constructor(passwords: ReadonlyMap<string, string>, nonce: string) {
    this.#passwords = passwords;
    this.#nonce = nonce;
  }

  /** Takes the client's next message; after the second one nothing but failures follow. */
  step(message: Buffer): SaslStep {
    switch (this.#stage) {
      case "initial":
        // The mechanism has no initial response; clients send an empty one.
        this.#stage = "challenged";
        return { kind: "challenge", token: Buffer.from(this.#challenge) };
      case "challenged":
        this.#stage = "over";
        return this.#verify(message);
      case "over":
        return failed("the exchange is over");
    }
  }

  get #challenge(): string {
    return `realm="${realm}",nonce="${this.#nonce}",charset=utf-8,algorithm=md5-sess`;
  }

  #verify(message: Buffer): SaslStep {
    if (message.length > responseBytesMax) return failed("the response is too long");
    const response = parseDirectives(message.toString("utf8"));
    if (response === null) return failed("the response is malformed");
    const problem = this.#problemOf(response);
    if (problem !== null) return failed(problem);
    const user = response.get("username") ?? "";
    const password = this.#passwords.get(user);
    const proof = password === undefined ? null : this.#proofOf(response, user, password);
    if (proof === null || !isEqual(response.get("response") ?? "", proof("AUTHENTICATE:"))) {
      return failed(`unknown user or wrong password: '${user}'`);
    }
    return { kind: "accepted", token: Buffer.from(`rspauth=${proof(":")}`), user };
  }

  /** What is wrong with the response, apart from its proof; null when nothing is. */
  #problemOf(response: ReadonlyMap<string, string>): string | null {
    for (const name of ["username", "cnonce", "response"]) {
      if (!response.has(name)) return `'${name}' is missing`;
    }
    if ((response.get("charset") ?? "utf-8") !== "utf-8") return "the charset is not utf-8";
    if (response.get("realm") !== realm) return `the realm is not '${realm}'`;
    if (response.get("nonce") !== this.#nonce) return "the nonce is not ours";
    if ((response.get("qop") ?? "auth") !== "auth") return "the qop is not 'auth'";
    if (response.get("digest-uri")?.toLowerCase() !== digestUri) {
      return `the digest-uri is not '${digestUri}'`;
    }
    return null;
  }

  /** Computes response-value for an A2 that begins with the given text (RFC 2831 §2.1.2.1). */
  #proofOf(
    response: ReadonlyMap<string, string>,
    user: string,
    password: string,
  ): (a2Start: string) => string {
    const cnonce = response.get("cnonce") ?? "";
    const authzid = response.get("authzid");
    const secret = md5(legacyBytes(user), ":", realm, ":", legacyBytes(password)).digest();
    const a1 = md5(secret, `:${this.#nonce}:${cnonce}`, authzid === undefined ? "" : `:${authzid}`);
    const key = a1.digest("hex");
    return (a2Start) => {
      const a2 = md5(a2Start, response.get("digest-uri") ?? "").digest("hex");
      return md5(`${key}:${this.#nonce}:00000001:${cnonce}:auth:${a2}`).digest("hex");
    };
  }
}

function failed(reason: string): SaslStep {
  return { kind: "failed", reason };
}

function md5(...parts: readonly (string | Buffer)[]): ReturnType<typeof createHash> {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash;
}

/** ISO 8859-1 where the text allows it, else UTF-8 (RFC 2831 §2.1.2.1, "unq(username-value)"). */
function legacyBytes(text: string): Buffer {
  const isLatin1 = /^[\0-\xff]*$/u.test(text);
  return Buffer.from(text, isLatin1 ? "latin1" : "utf8");
}

function isEqual(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
