/**
 * Certificates and stores for tests: an authority, what it issues, and the PEM and PKCS12 files of
 * them, made anew for each run. Keys are RSA.
 */
import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

const { asn1, pki, pkcs12 } = forge;

/** A certificate and its key, as PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

/** What to issue. */
export interface IssueOptions {
  /** Attributes of the subject, most general first, such as `{ O: "Acme", CN: "client" }`. */
  readonly subject: Readonly<Record<string, string>>;
  /** Addresses that the certificate is for. */
  readonly addresses?: readonly string[];
}

const dayMs = 24 * 60 * 60 * 1000;
let nextSerial = 1;

/** An authority that issues certificates. */
export class TestAuthority {
  readonly credentials: Credentials;
  readonly #name: forge.pki.CertificateField[];

  constructor(name = "Test authority") {
    this.#name = attributesOf({ CN: name });
    const extensions = [{ name: "basicConstraints", cA: true, critical: true }];
    this.credentials = this.#sign({ CN: name }, extensions, null);
  }

  issue({ subject, addresses = [] }: IssueOptions): Credentials {
    const altNames = addresses.map((ip) => ({ type: 7, ip }));
    const extensions = altNames.length === 0 ? [] : [{ name: "subjectAltName", altNames }];
    return this.#sign(subject, extensions, this.credentials.key);
  }

  #sign(
    subject: Readonly<Record<string, string>>,
    extensions: object[],
    signingKey: string | null,
  ): Credentials {
    const { publicKey, privateKey: key } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { format: "pem", type: "spki" },
      privateKeyEncoding: { format: "pem", type: "pkcs8" },
    });
    const certificate = pki.createCertificate();
    certificate.publicKey = pki.publicKeyFromPem(publicKey);
    certificate.serialNumber = (nextSerial++).toString(16).padStart(4, "0");
    const now = Date.now();
    certificate.validity.notBefore = new Date(now - dayMs);
    certificate.validity.notAfter = new Date(now + dayMs);
    certificate.setSubject(attributesOf(subject));
    certificate.setIssuer(this.#name);
    certificate.setExtensions(extensions);
    certificate.sign(pki.privateKeyFromPem(signingKey ?? key), forge.md.sha256.create());
    return { cert: pki.certificateToPem(certificate), key };
  }
}

/** The bytes of a PKCS12 store with a key and its certificates, or with certificates only. */
export function pkcs12Of(
  key: string | null,
  certificates: readonly string[],
  password: string,
): Buffer {
  const store = pkcs12.toPkcs12Asn1(
    key === null ? null : pki.privateKeyFromPem(key),
    certificates.map((certificate) => pki.certificateFromPem(certificate)),
    password,
    { algorithm: "aes256" },
  );
  return Buffer.from(asn1.toDer(store).getBytes(), "latin1");
}

function attributesOf(subject: Readonly<Record<string, string>>): forge.pki.CertificateField[] {
  return Object.entries(subject).map(([shortName, value]) => ({ shortName, value }));
}
