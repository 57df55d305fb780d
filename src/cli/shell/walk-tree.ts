/**
 * Lists a node and everything below it. Nodes that others delete meanwhile are left out; what is
 * returned may never have existed all at once.
 */
import { ZkError } from "../../client/index.ts";
import type { EnsembleClient } from "../../client/index.ts";

/**
 * Paths of the subtree at `path`, parents before their children, siblings in order of name.
 *
 * @throws ZkError `noNode` when `path` itself does not exist.
 */
export async function walkTree(client: EnsembleClient, path: string): Promise<string[]> {
  const { children } = await client.getChildren(path);
  return [path, ...(await walkChildren(client, path, children))];
}

async function walkChildren(
  client: EnsembleClient,
  parent: string,
  names: string[],
): Promise<string[]> {
  const paths: string[] = [];
  for (const name of names.sort()) {
    const path = parent === "/" ? `/${name}` : `${parent}/${name}`;
    const children = await childrenOf(client, path);
    if (children !== null) paths.push(path, ...(await walkChildren(client, path, children)));
  }
  return paths;
}

async function childrenOf(client: EnsembleClient, path: string): Promise<string[] | null> {
  try {
    return (await client.getChildren(path)).children;
  } catch (error) {
    if (error instanceof ZkError && error.code === "noNode") return null;
    throw error;
  }
}
