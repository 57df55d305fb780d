/** PEM files: any number of certificates, and a private key, plain or encrypted. */
import { X509Certificate, createPrivateKey } from "node:crypto";
import type { StoreContent } from "./store-content.ts";

const certificate =
  /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----[^-]+-----END [A-Z0-9 ]*CERTIFICATE-----/gu;
const privateKey = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^]+?-----END [A-Z0-9 ]*PRIVATE KEY-----/u;

/** @throws Error when a part of it cannot be read, or `passphrase` is not that of the key. */
export function readPemStore(text: string, passphrase: string): StoreContent {
  const key = privateKey.exec(text)?.[0];
  const certificates = (text.match(certificate) ?? []).map((pem) => new X509Certificate(pem));
  return {
    key: key === undefined ? null : createPrivateKey({ key, passphrase }),
    chain: certificates,
    trusted: certificates,
  };
}
