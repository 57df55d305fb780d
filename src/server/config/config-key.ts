/**
 * The shape of one row of the table of configuration keys (`config-keys.ts`), and short forms for
 * the rows of keys that the server does not use.
 */

import type { LiveSettings } from "./live-settings.ts";

/** How the text of a value is read. `boolean` is true, false, yes or no in any case. */
export type ConfigKind = "integer" | "number" | "boolean" | "text";

/** What this server does with a key. */
export type ConfigSupport = "used" | "noEffect" | "refused";

/** One key of the configuration file. */
export interface ConfigKey {
  /** The key; one that ends in `.*` stands for all keys with that prefix. */
  readonly name: string;
  /** Other spellings, as found in documentation or among system properties. */
  readonly aliases?: readonly string[];
  readonly kind: ConfigKind;
  /** The default as it would stand in the file, or in words when it depends on other keys. */
  readonly default: string | null;
  /** Unit of the value. */
  readonly unit?: string;
  /** Smallest and largest value accepted, inclusive. */
  readonly min?: number;
  readonly max?: number;
  /** One sentence for the documentation. */
  readonly doc: string;
  /**
   * What of the live settings it makes, if a running server can take another value up. All other
   * keys take effect when the server starts.
   */
  readonly live?: keyof LiveSettings;
  /** @default "used" */
  readonly support?: ConfigSupport;
  /** Why a key has no effect or is refused; for all keys that are not used. */
  readonly reason?: string;
  /** For a refused key: the values, in lower case, that ask for nothing and are accepted. */
  readonly harmless?: readonly string[];
}

/** A key that is accepted, and without consequence. */
export function noEffect(name: string, doc: string, reason = "it is not needed here"): ConfigKey {
  return { name, kind: "text", default: null, doc, support: "noEffect", reason };
}

/** A key that stops the server unless its value is one of `harmless`. */
export function refused(
  name: string,
  doc: string,
  reason: string,
  harmless: readonly string[],
): ConfigKey {
  return { name, kind: "text", default: null, doc, support: "refused", reason, harmless };
}
