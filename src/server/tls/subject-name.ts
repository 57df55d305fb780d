/**
 * The subject of a certificate as the `x509` scheme writes it: RFC 2253, in the way of Java's
 * `X500Principal.getName`, which access lists and the super user's name are compared with
 * character by character. Node's own text form of it does not tell all names apart.
 */
import forge from "node-forge";
import type { X509Certificate } from "node:crypto";
import { WireError } from "../../wire/index.ts";

const { asn1 } = forge;

type Node = forge.asn1.Asn1;

/** Attribute types that RFC 2253 has a keyword for. */
const keywords: ReadonlyMap<string, string> = new Map([
  ["2.5.4.3", "CN"],
  ["2.5.4.6", "C"],
  ["2.5.4.7", "L"],
  ["2.5.4.8", "ST"],
  ["2.5.4.9", "STREET"],
  ["2.5.4.10", "O"],
  ["2.5.4.11", "OU"],
  ["0.9.2342.19200300.100.1.1", "UID"],
  ["0.9.2342.19200300.100.1.25", "DC"],
]);

/** Types of values that are text: UTF8, Printable, T61, IA5, General and BMP strings. */
const textTypes: ReadonlySet<number> = new Set([0x0c, 0x13, 0x14, 0x16, 0x1b, 0x1e]);

/** The name of the certificate's owner; its last part comes first. */
export function subjectName(certificate: X509Certificate): string {
  const [tbs] = children(asn1.fromDer(certificate.raw.toString("latin1")));
  const fields = children(tbs);
  // The version, in front, may be left out; serial number, signature, issuer, validity follow.
  const hasVersion = fields[0]?.tagClass === asn1.Class.CONTEXT_SPECIFIC;
  const names = children(fields[hasVersion ? 5 : 4]);
  return names
    .map((name) => children(name).map(formatAttribute).join("+"))
    .reverse()
    .join(",");
}

function formatAttribute(attribute: Node): string {
  const [typeNode, value] = children(attribute);
  const type = asn1.derToOid(bytesOf(typeNode));
  const keyword = keywords.get(type);
  if (value === undefined) throw malformed();
  if (keyword === undefined || !textTypes.has(value.type)) {
    return `${keyword ?? type}=#${asn1.toDer(value).toHex()}`;
  }
  const text = Buffer.from(bytesOf(value), "latin1").toString("utf8");
  return `${keyword}=${escape(text)}`;
}

/** Escapes what has a meaning in names, and white space at both ends. */
function escape(text: string): string {
  const escaped = text.replaceAll(/[,=+<>#;"\\]/gu, "\\$&").replaceAll("\0", "\\00");
  return escaped.replaceAll(/^[ \r]+|[ \r]+$/gu, (spaces) => spaces.replaceAll(/./gsu, "\\$&"));
}

function children(node: Node | undefined): readonly Node[] {
  if (node === undefined || typeof node.value === "string") {
    throw malformed();
  }
  return node.value;
}

function bytesOf(node: Node | undefined): string {
  if (typeof node?.value !== "string") {
    throw malformed();
  }
  return node.value;
}

function malformed(): WireError {
  return new WireError("bad-value", "Cannot read certificate: its subject is malformed");
}
