/**
 * The settings about who clients are and who may come in: authentication schemes, the users of
 * SASL, and required authentication (ZooKeeper 3.9 `ProviderRegistry`, `AuthenticationHelper`).
 */
import { createHash } from "node:crypto";
import { ConfigError } from "./config-error.ts";
import type { ConfigValues } from "./config-values.ts";
import { parseJaasFile } from "./jaas-file.ts";
import type { JaasModule } from "./jaas-file.ts";
import type { ReadTextFile } from "./read-text-file.ts";

/** Who clients are, and who may come in. */
export interface AuthSettings {
  /**
   * Schemes that clients may use, in `addauth` and in access lists, besides `world` and `auth`.
   * @default ip and digest
   */
  readonly schemes: ReadonlySet<string>;
  /** Hash of the digest scheme, as `node:crypto` names it. @default sha1 */
  readonly digestAlgorithm: string;
  /** The digest identity of the administrator, `user:<base64 of hash>`; null when there is none. */
  readonly superDigest: string | null;
  /**
   * Another identity with the same rights, for a program that runs the ensemble,
   * `user:<base64 of SHA-256>`; null when there is none.
   */
  readonly operatorDigest: string | null;
  /** Passwords of the users of SASL by name; null when clients cannot use SASL. */
  readonly saslPasswords: ReadonlyMap<string, string> | null;
  /** SASL users who may do everything. */
  readonly saslSuperUsers: ReadonlySet<string>;
  /** Whether a client that fails SASL keeps its connection. @default false */
  readonly allowSaslFailedClients: boolean;
  /** One of these schemes a client must have used before any request; null when none is needed. */
  readonly requiredSchemes: ReadonlySet<string> | null;
  /** Names of this ensemble in the scheme `ensemble`; null when any will do. */
  readonly ensembleNames: ReadonlySet<string> | null;
  /** Subject of the certificate whose owner may do everything; null when there is none. */
  readonly x509SuperUser: string | null;
}

/** ZooKeeper's own providers, by class name in lower case. */
const providers: ReadonlyMap<string, string> = new Map([
  ["org.apache.zookeeper.server.auth.digestauthenticationprovider", "digest"],
  ["org.apache.zookeeper.server.auth.ensembleauthenticationprovider", "ensemble"],
  ["org.apache.zookeeper.server.auth.ipauthenticationprovider", "ip"],
  ["org.apache.zookeeper.server.auth.saslauthenticationprovider", "sasl"],
  ["org.apache.zookeeper.server.auth.x509authenticationprovider", "x509"],
]);

/** Whatever the scheme's own is: who makes this digest need not know. */
export const OPERATOR_DIGEST_ALGORITHM = "sha256";

/** Java's names of hashes, without hyphens, and ours. */
const digestAlgorithms: ReadonlyMap<string, string> = new Map([
  ["MD5", "md5"],
  ["SHA", "sha1"],
  ["SHA1", "sha1"],
  ["SHA224", "sha224"],
  ["SHA256", "sha256"],
  ["SHA384", "sha384"],
  ["SHA512", "sha512"],
  ["SHA512/256", "sha512-256"],
  ["SHA3256", "sha3-256"],
  ["SHA3384", "sha3-384"],
  ["SHA3512", "sha3-512"],
]);

/**
 * @param hasTls - whether a port for clients takes TLS, which brings the scheme `x509`.
 * @throws ConfigError for the first thing that is wrong.
 */
export function readAuthSettings(
  values: ConfigValues,
  readFile: ReadTextFile,
  warnings: string[],
  hasTls: boolean,
): AuthSettings {
  const schemes = readSchemes(values, hasTls);
  const ensembleNames = splitList(values.text("ensembleAuthName"));
  if (ensembleNames !== null && !schemes.has("ensemble")) {
    const expected =
      "authProvider.ensemble=org.apache.zookeeper.server.auth.EnsembleAuthenticationProvider";
    warnings.push(`${values.error("ensembleAuthName", expected).message}; it has no effect`);
  }
  const digestAlgorithm = readDigestAlgorithm(values);
  const superUsers = [...values.family("superUser.*").map(({ value }) => value)];
  const superUser = values.text("superUser");
  return {
    schemes,
    digestAlgorithm,
    superDigest: readDigest(values, "DigestAuthenticationProvider.superDigest", digestAlgorithm),
    operatorDigest: readDigest(values, "ensemble.operatorDigest", OPERATOR_DIGEST_ALGORITHM),
    saslPasswords: readSaslPasswords(values, readFile, warnings),
    saslSuperUsers: new Set(superUser === null ? superUsers : [superUser, ...superUsers]),
    allowSaslFailedClients: values.boolean("allowSaslFailedClients"),
    requiredSchemes: readRequiredSchemes(values, schemes),
    ensembleNames,
    x509SuperUser: values.text("X509AuthenticationProvider.superUser"),
  };
}

function readSchemes(values: ConfigValues, hasTls: boolean): Set<string> {
  const schemes = new Set(["ip"]);
  if (values.boolean("DigestAuthenticationProvider.enabled")) schemes.add("digest");
  for (const { key, value } of values.family("authProvider.*")) {
    const scheme = providers.get(value.toLowerCase());
    if (scheme === undefined) {
      throw values.error(key, "a provider of ZooKeeper's own (Java classes cannot be loaded)");
    }
    schemes.add(scheme);
  }
  if (hasTls) schemes.add("x509");
  return schemes;
}

function readRequiredSchemes(
  values: ConfigValues,
  schemes: ReadonlySet<string>,
): ReadonlySet<string> | null {
  const needsSasl = values.boolean("sessionRequireClientSASLAuth");
  if (!needsSasl && !values.boolean("enforce.auth.enabled")) return null;
  const key = needsSasl ? "sessionRequireClientSASLAuth" : "enforce.auth.schemes";
  const required = needsSasl ? new Set(["sasl"]) : splitList(values.text(key));
  if (required === null) {
    throw values.error(key, "the schemes that enforce.auth.enabled is to require");
  }
  for (const scheme of required) {
    if (!schemes.has(scheme)) {
      throw values.error(key, `scheme '${scheme}' to be available: see authProvider.*`);
    }
  }
  return required;
}

function readDigestAlgorithm(values: ConfigValues): string {
  const key = "DigestAuthenticationProvider.digestAlg";
  const name = values.text(key) ?? "SHA1";
  const algorithm = digestAlgorithms.get(name.toUpperCase().replaceAll("-", ""));
  if (algorithm === undefined) {
    throw values.error(key, "SHA1, SHA-224, SHA-256, SHA-384, SHA-512, SHA3-256 or another SHA3");
  }
  return algorithm;
}

function readDigest(values: ConfigValues, key: string, algorithm: string): string | null {
  const digest = values.text(key);
  if (digest === null) return null;
  const [, user = "", hash = ""] = /^([^:]+):([A-Za-z0-9+/]+={0,2})$/u.exec(digest) ?? [];
  if (Buffer.from(hash, "base64").length !== createHash(algorithm).digest().length) {
    const name = user === "" ? "user" : user;
    throw values.error(key, `${name}:<base64 of the ${algorithm} hash of ${name}:password>`);
  }
  return digest;
}

function readSaslPasswords(
  values: ConfigValues,
  readFile: ReadTextFile,
  warnings: string[],
): ReadonlyMap<string, string> | null {
  const fileKey = "java.security.auth.login.config";
  const file = values.text(fileKey);
  const wanted = values.text("sasl.serverconfig");
  if (file === null) {
    if (wanted === null) return null;
    throw values.error("sasl.serverconfig", `${fileKey} to name the file with this section`);
  }
  const text = readFile(file);
  if (text === null) throw values.error(fileKey, "a JAAS file that exists");
  const name = wanted ?? "Server";
  const modules = parseJaasFile(text, file).get(name);
  if (modules !== undefined) return passwordsOf(modules, file, values);
  if (wanted !== null) throw values.error("sasl.serverconfig", `a section of ${file}`);
  warnings.push(`${file}: no section '${name}': clients cannot use SASL`);
  return null;
}

function passwordsOf(
  modules: readonly JaasModule[],
  file: string,
  values: ConfigValues,
): ReadonlyMap<string, string> {
  const passwords = new Map<string, string>();
  for (const { className, options, line } of modules) {
    if (className !== "org.apache.zookeeper.server.auth.DigestLoginModule") {
      const isKerberos = className.endsWith(".Krb5LoginModule");
      const reason = isKerberos ? " (Kerberos is not supported yet)" : "";
      const expected = `org.apache.zookeeper.server.auth.DigestLoginModule${reason}`;
      throw new ConfigError({ file, line, expected, found: className });
    }
    for (const [key, password] of options) {
      if (key.startsWith("user_")) passwords.set(key.slice("user_".length), password);
    }
  }
  const superPassword = values.text("SASLAuthenticationProvider.superPassword");
  if (superPassword !== null && passwords.has("super")) passwords.set("super", superPassword);
  return passwords;
}

/** The parts between commas, without white space around them. */
function splitList(text: string | null): ReadonlySet<string> | null {
  return text === null ? null : new Set(text.split(",").map((part) => part.trim()));
}
