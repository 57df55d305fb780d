/** What a store of keys and certificates holds, whatever its format. */
import type { KeyObject, X509Certificate } from "node:crypto";

export interface StoreContent {
  /** Null when it holds certificates only. */
  readonly key: KeyObject | null;
  /** The certificates that go with the key, in any order. */
  readonly chain: readonly X509Certificate[];
  /** The certificates that stand for themselves. */
  readonly trusted: readonly X509Certificate[];
}
