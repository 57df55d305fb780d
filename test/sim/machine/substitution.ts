/**
 * Puts simulated parts of Node in the place of the real ones, for modules of `src/` alone: the
 * servers that a simulation runs are the very files that are shipped. Source text may be changed on
 * the way in, which is how defects are planted (`mutations/`). To be called before any module of
 * `src/` is loaded, once in a thread of its own.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** A change of one source file. */
export interface Edit {
  /** From the project's root: "src/zab/leader.ts". */
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
}

export const projectRoot = fileURLToPath(new URL("../../../", import.meta.url));

const substitutes: Readonly<Record<string, string>> = {
  "node:fs": "./fs.ts",
  "node:fs/promises": "./fs-promises.ts",
  "node:net": "./net.ts",
  "node:timers/promises": "./timers-promises.ts",
};

const sourceUrl = pathToFileURL(`${projectRoot}src${sep}`).href;

/** The text of a file with the edits that are for it. @throws when one does not fit. */
export function edited(file: string, edits: readonly Edit[]): string {
  let text = readFileSync(`${projectRoot}${file}`, "utf8");
  for (const { find, replace } of edits.filter((edit) => edit.file === file)) {
    const count = text.split(find).length - 1;
    if (count !== 1) throw new Error(`${file} has ${count} times, not once: ${find}`);
    text = text.replace(find, () => replace);
  }
  return text;
}

export function substituteNode(edits: readonly Edit[]): void {
  const changed = new Map<string, string>(
    edits.map(({ file }) => [pathToFileURL(`${projectRoot}${file}`).href, file]),
  );
  registerHooks({
    resolve(specifier, context, next) {
      const substitute = substitutes[specifier];
      if (substitute === undefined || context.parentURL?.startsWith(sourceUrl) !== true) {
        return next(specifier, context);
      }
      return { url: new URL(substitute, import.meta.url).href, shortCircuit: true };
    },
    load(url, context, next) {
      const file = changed.get(url);
      if (file === undefined) return next(url, context);
      return { format: "module-typescript", source: edited(file, edits), shortCircuit: true };
    },
  });
}
