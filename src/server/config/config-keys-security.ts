/**
 * The keys about authentication, access and encryption; a part of the table in `config-keys.ts`,
 * which explains the columns. Keys are in alphabetical order within their list.
 */
import { noEffect, refused } from "./config-key.ts";
import type { ConfigKey } from "./config-key.ts";

const NO_QUORUM_TLS = "TLS between servers is not supported yet";
const NO_QUORUM_SASL = "SASL between servers is not supported yet";
const NO_KERBEROS = "Kerberos is not supported yet";
const OFF = ["false", "no"];

/** A text that the server uses. */
function text(name: string, defaultText: string | null, doc: string): ConfigKey {
  return { name, kind: "text", default: defaultText, doc };
}

/** A yes or no that the server uses. */
function flag(name: string, defaultText: "true" | "false", doc: string): ConfigKey {
  return { name, kind: "boolean", default: defaultText, doc };
}

/** Keys about who clients are and what they may do. */
const AUTH_KEYS: readonly ConfigKey[] = [
  flag("allowSaslFailedClients", "false", "Whether a client that fails SASL stays connected."),
  text("authProvider.*", null, "Adds one of ZooKeeper's own authentication providers, by class."),
  text("DigestAuthenticationProvider.digestAlg", "SHA1", "The hash of the digest scheme."),
  flag("DigestAuthenticationProvider.enabled", "true", "Whether there is a digest scheme."),
  text(
    "DigestAuthenticationProvider.superDigest",
    null,
    "The administrator's `super:<base64 of the hash of super:password>`.",
  ),
  text(
    "ensemble.operatorDigest",
    null,
    "`user:<base64 of the SHA-256 of user:password>` of an operator; it may do what super may.",
  ),
  flag("enforce.auth.enabled", "false", "Whether clients must authenticate before any request."),
  text("enforce.auth.schemes", null, "The schemes of which one is then required, with commas."),
  text("ensembleAuthName", null, "Names of this ensemble for the scheme ensemble, with commas."),
  noEffect(
    "IPAuthenticationProvider.usexforwardedfor",
    "Takes addresses of HTTP clients from a header.",
    "addresses are those of sockets; a header says what its sender likes",
  ),
  text(
    "java.security.auth.login.config",
    null,
    "The JAAS file with the users of SASL (DIGEST-MD5), in the section Server.",
  ),
  noEffect("jaasLoginRenew", "Time to renew a login.", NO_KERBEROS),
  noEffect("kerberos.*", "How Kerberos principals are shortened.", NO_KERBEROS),
  noEffect("requireKerberosConfig", "Requires a Kerberos configuration.", NO_KERBEROS),
  noEffect("security.auth_to_local", "How Kerberos principals are mapped.", NO_KERBEROS),
  refused(
    "letAnySaslUserDoX",
    "Makes every SASL user match one id.",
    "it would let users act as somebody else",
    [""],
  ),
  noEffect(
    "requireClientAuthScheme",
    "Requires an authentication scheme.",
    "ZooKeeper does not read it either: see enforce.auth.enabled and enforce.auth.schemes",
  ),
  text("sasl.serverconfig", "Server", "The section of the JAAS file with the users."),
  text("SASLAuthenticationProvider.superPassword", null, "Password of the SASL user super."),
  flag("sessionRequireClientSASLAuth", "false", "Whether clients must authenticate by SASL."),
  { name: "skipACL", kind: "boolean", default: "no", doc: "Whether access lists are ignored." },
  text("superUser", null, "A SASL user who may do everything."),
  text("superUser.*", null, "Further SASL users who may do everything."),
  text(
    "X509AuthenticationProvider.superUser",
    null,
    "The subject of a client certificate whose owner may do everything.",
  ),
];

/** Keys about TLS for clients. */
const TLS_KEYS: readonly ConfigKey[] = [
  noEffect(
    "client.certReload",
    "Loads changed certificates.",
    "certificates are read at the start; restart the server for new ones",
  ),
  flag("client.portUnification", "false", "Whether the port for clients takes TLS as well."),
  noEffect("fips-mode", "Uses the platform's TLS only.", "TLS is OpenSSL's in any case"),
  {
    name: "secureClientPort",
    kind: "integer",
    default: null,
    min: 0,
    max: 65535,
    doc: "The port for clients with TLS.",
  },
  text("secureClientPortAddress", "every interface", "The address for clients with TLS."),
  flag(
    "ssl.allowReverseDnsLookup",
    "false",
    "Whether a client's certificate may name the host that its address has in DNS.",
  ),
  refused("ssl.authProvider", "Verifies certificates.", "Java classes cannot be loaded", ["x509"]),
  text("ssl.ciphersuites", null, "The cipher suites, with commas, by the standard's names."),
  text("ssl.clientAuth", "need", "Whether clients are asked for certificates: none, want, need."),
  flag(
    "ssl.clientHostnameVerification",
    "false",
    "Whether a client's certificate must name the address that it connects from.",
  ),
  refused("ssl.context.supplier.class", "Makes the TLS context.", "it is a Java class", [""]),
  refused("ssl.crl", "Fetches revocation lists.", "Node cannot fetch them", OFF),
  text("ssl.enabledProtocols", "TLSv1.2,TLSv1.3", "The versions of TLS, with commas."),
  {
    name: "ssl.handshakeDetectionTimeoutMillis",
    kind: "integer",
    default: "5000",
    unit: "ms",
    min: 1,
    doc: "Time for a client to complete the TLS handshake.",
  },
  flag("ssl.hostnameVerification", "true", "Allows ssl.clientHostnameVerification."),
  text("ssl.keyStore.location", null, "The file of the server's key and certificates."),
  text("ssl.keyStore.password", null, "The password of that file and its key."),
  text("ssl.keyStore.passwordPath", null, "A file with the password, instead of it."),
  text("ssl.keyStore.type", "by the file's name", "PEM, JKS or PKCS12."),
  refused("ssl.ocsp", "Asks whether certificates are revoked.", "Node cannot ask", OFF),
  text("ssl.protocol", "TLS", "The one version of TLS, if there is to be one."),
  noEffect("ssl.sslProvider", "Chooses a TLS library of Java.", "it is OpenSSL"),
  text("ssl.trustStore.location", null, "The file of the certificates that clients' hang on."),
  text("ssl.trustStore.password", null, "The password of that file."),
  text("ssl.trustStore.passwordPath", null, "A file with the password, instead of it."),
  text("ssl.trustStore.type", "by the file's name", "PEM, JKS or PKCS12."),
];

/** Keys about security between servers. */
const QUORUM_SECURITY_KEYS: readonly ConfigKey[] = [
  noEffect("portUnification", "Accepts TLS and plain peers on one port.", NO_QUORUM_TLS),
  refused("quorum.auth.enableSasl", "Authenticates peers.", NO_QUORUM_SASL, OFF),
  refused("quorum.auth.learnerRequireSasl", "Requires it of leaders.", NO_QUORUM_SASL, OFF),
  refused("quorum.auth.serverRequireSasl", "Requires it of learners.", NO_QUORUM_SASL, OFF),
  noEffect("quorum.auth.*", "How peers are authenticated.", NO_QUORUM_SASL),
  refused("sslQuorum", "Encrypts the connections between servers.", NO_QUORUM_TLS, OFF),
  noEffect("sslQuorumReloadCertFiles", "Loads changed certificates.", NO_QUORUM_TLS),
  noEffect("ssl.quorum.*", "How TLS works between servers.", NO_QUORUM_TLS),
];

/** Keys about authentication, access and encryption. */
export const SECURITY_KEYS: readonly ConfigKey[] = [
  ...AUTH_KEYS,
  ...TLS_KEYS,
  ...QUORUM_SECURITY_KEYS,
];
