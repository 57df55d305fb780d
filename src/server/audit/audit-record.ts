/**
 * One record of the audit log, and its text: fields as `key=value`, separated by tabs, in the order
 * and with the names of Apache ZooKeeper 3.9. Unlike ZooKeeper's, control characters in a value are
 * escaped, so that a path cannot make up fields or lines.
 */
import { Perms } from "../../wire/index.ts";
import type { Acl, Id } from "../../wire/index.ts";

export interface AuditRecord {
  readonly session?: string | undefined;
  readonly user?: string | undefined;
  readonly ip?: string | undefined;
  readonly operation: string;
  readonly znode?: string | undefined;
  readonly znodeType?: string | undefined;
  readonly acl?: string | undefined;
  readonly result: "success" | "failure" | "invoked";
}

export function formatAuditRecord(record: AuditRecord): string {
  const { session, user, ip, operation, znode, znodeType, acl, result } = record;
  const fields = { session, user, ip, operation, znode, znode_type: znodeType, acl, result };
  return Object.entries(fields)
    .filter((field): field is [string, string] => field[1] !== undefined)
    .map(([key, value]) => `${key}=${escapeControl(value)}`)
    .join("\t");
}

/** The names of a client's identities, without schemes; undefined when none has a name. */
export function formatUsers(authInfo: readonly Id[]): string | undefined {
  const names = authInfo.map(({ scheme, id }) => {
    return scheme === "digest" ? id.replace(/:.*/su, "") : id;
  });
  const known = names.filter((name) => name.trim() !== "");
  return known.length === 0 ? undefined : known.join(",");
}

const permLetters: readonly (readonly [perm: number, letter: string])[] = [
  [Perms.create, "c"],
  [Perms.delete, "d"],
  [Perms.read, "r"],
  [Perms.write, "w"],
  [Perms.admin, "a"],
];

/** The entries one behind the other, as ZooKeeper writes them: nothing is between two. */
export function formatAcl(acl: readonly Acl[]): string {
  return acl
    .map(({ perms, id }) => {
      const letters = permLetters.filter(([perm]) => (perms & perm) !== 0);
      return `${id.scheme}:${id.id}:${letters.map(([, letter]) => letter).join("")}`;
    })
    .join("");
}

function escapeControl(value: string): string {
  return value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
