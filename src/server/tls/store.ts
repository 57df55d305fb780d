/**
 * Key stores and trust stores: PEM files, and Java's binary formats JKS and PKCS12. Whichever of
 * the two Java formats a file is named as, its content decides, as in Java itself. What comes out
 * is what Node's TLS takes.
 */
import type { KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ConfigError } from "../config/index.ts";
import type { StoreSettings } from "../config/index.ts";
import { readJksStore } from "./jks-store.ts";
import { readPemStore } from "./pem-store.ts";
import { readPkcs12Store } from "./pkcs12-store.ts";
import type { StoreContent } from "./store-content.ts";

/** A server's key, and its certificate with those that lead to its root. */
export interface ServerCredentials {
  readonly key: KeyObject;
  /** The server's own first. */
  readonly chain: readonly X509Certificate[];
}

const jksMagic = 0xfeedfeed;

/** @throws ConfigError when the store cannot be opened, or holds no key with a certificate. */
export function readKeyStore(settings: StoreSettings): ServerCredentials {
  const { key, chain } = readStore(settings);
  if (key === null) throw storeError(settings, "a key store with a private key");
  const own = chain.find((certificate) => certificate.checkPrivateKey(key));
  if (own === undefined) {
    throw storeError(settings, "a key store with the certificate of its private key");
  }
  return { key, chain: chainFrom(own, chain) };
}

/** The certificate, its issuer, and so on, as far as `others` has them. */
function chainFrom(
  own: X509Certificate,
  others: readonly X509Certificate[],
): readonly X509Certificate[] {
  const chain = [own];
  for (let last = own; ;) {
    const issuer = others.find((other) => !chain.includes(other) && last.checkIssued(other));
    if (issuer === undefined) return chain;
    chain.push(issuer);
    last = issuer;
  }
}

/** @throws ConfigError when the store cannot be opened, or holds no certificate. */
export function readTrustStore(settings: StoreSettings): readonly X509Certificate[] {
  const { trusted } = readStore(settings);
  if (trusted.length === 0) throw storeError(settings, "a trust store with a certificate");
  return trusted;
}

function readStore(settings: StoreSettings): StoreContent {
  const { key, location, isPem, passwordPath } = settings;
  const bytes = readBytes(settings, location, "a file that exists and can be read");
  let { password } = settings;
  if (passwordPath !== null) {
    const text = readBytes(settings, passwordPath, `${key}.passwordPath to be a readable file`);
    password = text.toString("utf8").trimEnd();
  }
  try {
    if (isPem) return readPemStore(bytes.toString("latin1"), password);
    const isJks = bytes.length >= 4 && bytes.readUInt32BE(0) === jksMagic;
    return isJks ? readJksStore(bytes, password) : readPkcs12Store(bytes, password);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const format = isPem ? "a PEM file" : "a JKS or PKCS12 store";
    const expected = `${format} that opens with ${key}.password (${reason})`;
    throw storeError(settings, expected, { cause: error });
  }
}

function readBytes(settings: StoreSettings, path: string, expected: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw storeError({ ...settings, location: path }, expected, { cause: error });
  }
}

/** The line is that of the store's location; its password is never named. */
function storeError(
  { file, line, key, location }: StoreSettings,
  expected: string,
  options?: ErrorOptions,
): ConfigError {
  const details = { file, line, key: `${key}.location`, expected, found: location };
  return new ConfigError(details, options);
}
