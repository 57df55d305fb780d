/** How files beside the configuration are read: a part that whoever parses it passes in. */

/** Reads a text file; null when it does not exist. */
export type ReadTextFile = (path: string) => string | null;
