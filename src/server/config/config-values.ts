/**
 * Typed access to the entries of a configuration file by way of the table of keys: each getter
 * finds the entry, reads its text as the table says, checks the range, and falls back to the
 * table's default. Asking for a key with the wrong getter is a bug of ours.
 */
import { assert, assertDefined } from "../../base/index.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigKey, ConfigKind } from "./config-key.ts";
import { findConfigKey } from "./config-keys.ts";
import type { Property } from "./properties.ts";

const INTEGER_MAX = 0x7fffffff;

/** The entries of one file, by the name that the table of keys gives them. */
export class ConfigValues {
  readonly #file: string;
  readonly #entries = new Map<string, Property>();

  constructor(file: string) {
    this.#file = file;
  }

  /** Adds an entry; the last one of a key counts. Returns the one that it replaces, or null. */
  set(name: string, property: Property): Property | null {
    const replaced = this.#entries.get(name) ?? null;
    this.#entries.set(name, property);
    return replaced;
  }

  /** The text of every entry. */
  texts(): Map<string, string> {
    return new Map([...this.#entries].map(([name, { value }]) => [name, value]));
  }

  /** The entries of a family of keys, such as `authProvider.*`, in the order of the file. */
  family(name: string): readonly Property[] {
    assert(name.endsWith(".*"), "a family's name ends in .*");
    const prefix = name.slice(0, -1);
    const prefixes = [prefix, `zookeeper.${prefix}`];
    return [...this.#entries.values()].filter(({ key }) =>
      prefixes.some((start) => key.startsWith(start)),
    );
  }

  /** A text, or null when there is none and the table has no usable default; never empty. */
  text(name: string): string | null {
    tableEntry(name, "text");
    const value = this.#entries.get(name)?.value ?? "";
    return value === "" ? null : value;
  }

  /** A whole number, or null when the key is not set and its default depends on other keys. */
  integerOrNull(name: string): number | null {
    const key = tableEntry(name, "integer");
    const property = this.#entries.get(name);
    if (property === undefined) {
      return /^-?[0-9]+$/u.test(key.default ?? "") ? Number(key.default) : null;
    }
    const min = key.min ?? -INTEGER_MAX;
    const max = key.max ?? INTEGER_MAX;
    const value = /^[+-]?[0-9]+$/u.test(property.value) ? Number(property.value) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw this.error(name, `a whole number${unitOf(key)}${rangeOf(key)}`);
    }
    return value;
  }

  /** A whole number of a key that has a fixed default. */
  integer(name: string): number {
    return assertDefined(this.integerOrNull(name), `Key '${name}' has a default`);
  }

  /** A decimal number of a key that has a default. */
  number(name: string): number {
    const key = tableEntry(name, "number");
    const text = this.#entries.get(name)?.value ?? key.default ?? "";
    const value = /^[+-]?[0-9]+(\.[0-9]+)?$/u.test(text) ? Number(text) : Number.NaN;
    if (!(value >= (key.min ?? -INTEGER_MAX) && value <= (key.max ?? INTEGER_MAX))) {
      throw this.error(name, `a number${unitOf(key)}${rangeOf(key)}`);
    }
    return value;
  }

  /** A yes or no of a key that has a default. */
  boolean(name: string): boolean {
    const key = tableEntry(name, "boolean");
    const text = (this.#entries.get(name)?.value ?? key.default ?? "").toLowerCase();
    if (text === "true" || text === "yes") return true;
    if (text === "false" || text === "no") return false;
    throw this.error(name, "true or false");
  }

  /** Where a key is set; in the file as a whole when it is not. */
  place(name: string): { readonly file: string; readonly line: number } {
    return { file: this.#file, line: this.#entries.get(name)?.line ?? 0 };
  }

  /** The error for a key, with the line and the value that it has, if it is there. */
  error(name: string, expected: string): ConfigError {
    const property = this.#entries.get(name);
    const key = property?.key ?? name;
    if (property === undefined) return new ConfigError({ file: this.#file, key, expected });
    const { line, value } = property;
    return new ConfigError({ file: this.#file, line, key, expected, found: value });
  }
}

function tableEntry(name: string, kind: ConfigKind): ConfigKey {
  const key = assertDefined(findConfigKey(name), `Key '${name}' is in the table`);
  assert(key.kind === kind, `Key '${name}' is read as what the table says`);
  return key;
}

function unitOf(key: ConfigKey): string {
  return key.unit === undefined ? "" : ` of ${key.unit}`;
}

function rangeOf(key: ConfigKey): string {
  if (key.min === undefined) return "";
  if (key.max === undefined) return `, ${String(key.min)} or more`;
  return ` from ${String(key.min)} to ${String(key.max)}`;
}
