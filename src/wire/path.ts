/**
 * Node paths: which are valid (ZooKeeper 3.9 `PathUtils`), and their parts. A path is absolute,
 * has no trailing or double slash, no `.` or `..` segment, and none of the characters that
 * ZooKeeper forbids.
 */

function isForbiddenUnit(unit: number): boolean {
  return (
    unit <= 0x1f ||
    (unit >= 0x7f && unit <= 0x9f) ||
    (unit >= 0xd800 && unit <= 0xf8ff) ||
    (unit >= 0xfff0 && unit <= 0xffff)
  );
}

const slash = 0x2f;
const dot = 0x2e;

/** Whether the segment `[from, to)` of `path` is `.` or `..`. */
function isRelativeSegment(path: string, from: number, to: number): boolean {
  const length = to - from;
  if (length === 1) return path.charCodeAt(from) === dot;
  return length === 2 && path.charCodeAt(from) === dot && path.charCodeAt(from + 1) === dot;
}

/** Says what is wrong with `path` as a node's path, or undefined when it is valid. */
export function pathProblem(path: string): string | undefined {
  if (path.length === 0) return "it is empty";
  if (path.charCodeAt(0) !== slash) return "it does not start with '/'";
  if (path.length === 1) return undefined;
  if (path.charCodeAt(path.length - 1) === slash) return "it ends with '/'";
  let segmentStart = 1;
  for (let index = 1; index <= path.length; index++) {
    const unit = index === path.length ? slash : path.charCodeAt(index);
    if (unit !== slash) {
      if (isForbiddenUnit(unit)) return `it has a forbidden character at index ${index}`;
      continue;
    }
    if (index === segmentStart) return `it has an empty name at index ${index}`;
    if (isRelativeSegment(path, segmentStart, index)) {
      return `it has a relative name at index ${segmentStart}`;
    }
    segmentStart = index + 1;
  }
  return undefined;
}

export function isValidPath(path: string): boolean {
  return pathProblem(path) === undefined;
}

/** Path of the parent: "/" for a top-level node. Undefined behaviour for "/" itself. */
export function parentPath(path: string): string {
  const at = path.lastIndexOf("/");
  return at <= 0 ? "/" : path.slice(0, at);
}

/** Last segment of the path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Path of child `name` under `parent`. */
export function joinPath(parent: string, name: string): string {
  return parent === "/" ? `/${name}` : `${parent}/${name}`;
}
