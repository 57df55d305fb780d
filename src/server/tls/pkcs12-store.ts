/**
 * Stores in the format PKCS #12, by way of `node-forge`: Node itself takes them for keys only,
 * not as trust stores, and not with the older ciphers that many of them have.
 */
import { X509Certificate, createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import forge from "node-forge";
import type { StoreContent } from "./store-content.ts";

const { asn1, pkcs12, pki } = forge;

/** @throws Error when it is damaged, or `password` is not its own. */
export function readPkcs12Store(bytes: Buffer, password: string): StoreContent {
  const store = pkcs12.pkcs12FromAsn1(asn1.fromDer(bytes.toString("latin1")), password);
  const bags = store.safeContents.flatMap(({ safeBags }) => safeBags);
  const keys = bags.flatMap((bag) => keyOf(bag) ?? []);
  const certificates = bags.flatMap((bag) => certificateOf(bag) ?? []);
  const [key = null] = keys;
  const isTrusted = (certificate: X509Certificate): boolean =>
    !keys.some((own) => certificate.checkPrivateKey(own));
  return { key, chain: certificates, trusted: certificates.filter(isTrusted) };
}

/** The library understands RSA; anything else is in the bag as it was. */
function keyOf(bag: forge.pkcs12.Bag): KeyObject | null {
  if (bag.type !== pki.oids["keyBag"] && bag.type !== pki.oids["pkcs8ShroudedKeyBag"]) return null;
  const info = bag.key ? pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(bag.key)) : bag.asn1;
  return createPrivateKey({ key: derOf(info), format: "der", type: "pkcs8" });
}

function certificateOf(bag: forge.pkcs12.Bag): X509Certificate | null {
  if (bag.type !== pki.oids["certBag"]) return null;
  return new X509Certificate(derOf(bag.cert ? pki.certificateToAsn1(bag.cert) : bag.asn1));
}

function derOf(node: forge.asn1.Asn1): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), "latin1");
}
