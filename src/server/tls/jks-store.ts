/** Java's own store format, JKS, by way of `jks-js`. */
import { X509Certificate, createPrivateKey } from "node:crypto";
import { decrypt, parseJks } from "jks-js";
import type { StoreContent } from "./store-content.ts";

/** @throws Error when it is damaged, or `password` is not that of the store and its first key. */
export function readJksStore(bytes: Buffer, password: string): StoreContent {
  const entries = parseJks(bytes, password);
  const keyEntry = entries.find((entry) => "protectedPrivateKey" in entry);
  return {
    key:
      keyEntry === undefined
        ? null
        : createPrivateKey(decrypt(keyEntry.protectedPrivateKey, password)),
    chain: (keyEntry?.chain ?? []).map(({ value }) => new X509Certificate(value)),
    trusted: entries.flatMap((entry) =>
      "cert" in entry ? [new X509Certificate(entry.cert.value)] : [],
    ),
  };
}
