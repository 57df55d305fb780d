/**
 * The settings of TLS for clients (ZooKeeper 3.9 `ClientX509Util`): which certificate the server
 * shows, which ones it trusts, and what it asks of clients. Nothing here opens a store.
 */
import { getCiphers } from "node:tls";
import type { SecureVersion } from "node:tls";
import type { ConfigValues } from "./config-values.ts";

/** A file with keys or certificates, and how to open it. */
export interface StoreSettings {
  /** The beginning of its keys in the configuration file, for messages. */
  readonly key: "ssl.keyStore" | "ssl.trustStore";
  readonly location: string;
  /** The file is PEM text, or one of Java's stores (JKS, PKCS12). */
  readonly isPem: boolean;
  readonly password: string;
  /** A file that holds the password, which then counts instead; null when there is none. */
  readonly passwordPath: string | null;
  /** Where the location is set, as `file:line`. */
  readonly file: string;
  readonly line: number;
}

/** TLS for clients. */
export interface TlsSettings {
  readonly keyStore: StoreSettings;
  /** Null when clients are not asked for certificates. */
  readonly trustStore: StoreSettings | null;
  /** Whether clients are asked for a certificate, and must have one. @default need */
  readonly clientAuth: "none" | "want" | "need";
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  /** Cipher suites by OpenSSL's names, separated by colons; null leaves the choice to Node. */
  readonly ciphers: string | null;
  /**
   * What a client's certificate must name besides being trusted: nothing, the address that the
   * client connects from, or that or a host name which the address has in DNS. @default nothing
   */
  readonly clientHostCheck: "nothing" | "address" | "addressOrName";
  /** Time for a client to complete the handshake, in ms. @default 5000 */
  readonly handshakeTimeoutMs: number;
}

const versions: readonly SecureVersion[] = ["TLSv1.2", "TLSv1.3"];

/**
 * @returns null when no port for clients takes TLS.
 * @throws ConfigError for the first thing that is wrong.
 */
export function readTlsSettings(values: ConfigValues): TlsSettings | null {
  const isWanted =
    values.integerOrNull("secureClientPort") !== null || values.boolean("client.portUnification");
  if (!isWanted) return null;
  const keyStore = readStore(values, "ssl.keyStore");
  if (keyStore === null) {
    throw values.error("ssl.keyStore.location", "the store of the server's key and certificate");
  }
  const clientAuth = readClientAuth(values);
  const trustStore = readStore(values, "ssl.trustStore");
  if (trustStore === null && clientAuth !== "none") {
    const why = `the store of trusted certificates, as ssl.clientAuth is ${clientAuth}`;
    throw values.error("ssl.trustStore.location", why);
  }
  return {
    keyStore,
    trustStore,
    clientAuth,
    ...readVersions(values),
    ciphers: readCiphers(values),
    clientHostCheck: readClientHostCheck(values),
    handshakeTimeoutMs: values.integer("ssl.handshakeDetectionTimeoutMillis"),
  };
}

function readStore(values: ConfigValues, key: StoreSettings["key"]): StoreSettings | null {
  const location = values.text(`${key}.location`);
  if (location === null) return null;
  return {
    key,
    location,
    isPem: readIsPem(values, key, location),
    password: values.text(`${key}.password`) ?? "",
    passwordPath: values.text(`${key}.passwordPath`),
    ...values.place(`${key}.location`),
  };
}

/** By the type that is set, or by the end of the file's name. */
function readIsPem(values: ConfigValues, key: StoreSettings["key"], location: string): boolean {
  const set = values.text(`${key}.type`)?.toUpperCase();
  const extension = /\.[^./]*$/u.exec(location)?.[0] ?? "";
  const guessed = { ".pem": "PEM", ".jks": "JKS", ".p12": "PKCS12" }[extension];
  const type = set ?? guessed;
  if (type === "PEM") return true;
  if (type === "JKS" || type === "PKCS12") return false;
  if (set !== undefined) throw values.error(`${key}.type`, "PEM, JKS or PKCS12");
  const expected = `a name that ends in .pem, .jks or .p12, or ${key}.type to be set`;
  throw values.error(`${key}.location`, expected);
}

function readClientAuth(values: ConfigValues): TlsSettings["clientAuth"] {
  const text = values.text("ssl.clientAuth")?.toLowerCase() ?? "need";
  if (text === "none" || text === "want" || text === "need") return text;
  throw values.error("ssl.clientAuth", "none, want or need");
}

/** `ssl.enabledProtocols`, else the one of `ssl.protocol`, else all that are sound. */
function readVersions(values: ConfigValues): Pick<TlsSettings, "minVersion" | "maxVersion"> {
  const protocol = values.text("ssl.protocol");
  const isOne = protocol !== null && protocol !== "TLS";
  const list = values.text("ssl.enabledProtocols") ?? (isOne ? protocol : versions.join(","));
  const key =
    values.text("ssl.enabledProtocols") === null ? "ssl.protocol" : "ssl.enabledProtocols";
  const names = list.split(",").map((name) => name.trim());
  for (const name of names) {
    if (!versions.some((version) => version === name)) {
      throw values.error(key, "TLSv1.2 or TLSv1.3 (older ones are not secure)");
    }
  }
  const enabled = versions.filter((version) => names.includes(version));
  return { minVersion: enabled[0] ?? "TLSv1.2", maxVersion: enabled.at(-1) ?? "TLSv1.3" };
}

function readCiphers(values: ConfigValues): string | null {
  const text = values.text("ssl.ciphersuites");
  if (text === null) return null;
  const known = new Set(getCiphers());
  const names = text.split(",").map((part) => {
    const name = opensslCipher(part.trim());
    if (!known.has(name.toLowerCase())) {
      throw values.error("ssl.ciphersuites", `suites that OpenSSL has, not '${part.trim()}'`);
    }
    return name;
  });
  return names.join(":");
}

/** OpenSSL's name of a cipher suite; suites of TLS 1.3 have the standard's names there too. */
function opensslCipher(name: string): string {
  const match = /^TLS_(\w+)_WITH_(\w+)$/u.exec(name);
  if (match === null) return name;
  const [, exchange = "", cipher = ""] = match;
  const suite = cipher
    .replace(/^AES_(\d+)_CBC/u, "AES$1")
    .replace(/^AES_(\d+)/u, "AES$1")
    .replace(/(POLY1305)_SHA256$/u, "$1");
  return `${exchange === "RSA" ? "" : `${exchange}_`}${suite}`.replaceAll("_", "-");
}

function readClientHostCheck(values: ConfigValues): TlsSettings["clientHostCheck"] {
  const isWanted =
    values.boolean("ssl.hostnameVerification") && values.boolean("ssl.clientHostnameVerification");
  if (!isWanted) return "nothing";
  return values.boolean("ssl.allowReverseDnsLookup") ? "addressOrName" : "address";
}
