/**
 * Access control lists as text, as zkCli takes and prints them. Taken: `scheme:id:perms`, several
 * separated by commas, where perms are letters of `cdrwa` and the id may contain colons
 * (`digest:user:hash:rw`). Printed: `'scheme,'id` and `: perms` on two lines.
 */
import { Perms } from "../../client/index.ts";
import type { Acl } from "../../client/index.ts";
import { ShellError } from "./shell-error.ts";

const letters = [
  ["c", Perms.create],
  ["d", Perms.delete],
  ["r", Perms.read],
  ["w", Perms.write],
  ["a", Perms.admin],
] as const;

/** @throws ShellError `usage` that names the entry that is wrong. */
export function parseAcl(text: string): Acl[] {
  return text.split(",").map((entry) => {
    const schemeEnd = entry.indexOf(":");
    const idEnd = entry.lastIndexOf(":");
    const permsText = entry.slice(idEnd + 1);
    let perms = 0;
    for (const [letter, bit] of letters) if (permsText.includes(letter)) perms |= bit;
    if (schemeEnd <= 0 || idEnd === schemeEnd || !/^[cdrwa]+$/u.test(permsText)) {
      const expected = "expected 'scheme:id:perms' with perms out of 'cdrwa'";
      throw new ShellError("usage", `Cannot read access control list: '${entry}': ${expected}`);
    }
    const id = { scheme: entry.slice(0, schemeEnd), id: entry.slice(schemeEnd + 1, idEnd) };
    return { perms, id };
  });
}

/** The lines of an access control list. */
export function formatAcl(acl: readonly Acl[]): string[] {
  return acl.flatMap(({ perms, id }) => {
    const text = letters.map(([letter, bit]) => ((perms & bit) === 0 ? "" : letter)).join("");
    return [`'${id.scheme},'${id.id}`, `: ${text}`];
  });
}
