/**
 * "Did you mean …?": finds the known name that a misspelt one was probably meant to be. Used by
 * everything that refuses or ignores a name given by a person: configuration keys, fields of an
 * object, commands. Comparison ignores case, since wrong case is the commonest slip.
 */

/**
 * The name in `known` nearest to `name` by edit distance, or null when none is near: at most one
 * edit per three letters. The first of several equally near ones wins.
 */
export function nearestName(name: string, known: Iterable<string>): string | null {
  const wanted = name.toLowerCase();
  const distanceMax = Math.max(1, Math.floor(wanted.length / 3));
  let nearest: string | null = null;
  let nearestDistance = distanceMax + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - wanted.length) >= nearestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < nearestDistance) {
      nearest = candidate;
      nearestDistance = distance;
    }
  }
  return nearest;
}

/** Optimal string alignment distance: insert, delete, replace, or swap two neighbours. */
function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replaceCost = left[row - 1] === right[column - 1] ? 0 : 1;
      let distance = Math.min(
        cell(previous, column) + 1,
        cell(current, column - 1) + 1,
        cell(previous, column - 1) + replaceCost,
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (row > 1 && column > 1 && swapped) {
        distance = Math.min(distance, cell(beforePrevious, column - 2) + 1);
      }
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return cell(previous, right.length);
}

function cell(row: readonly number[], column: number): number {
  return row[column] ?? Number.MAX_SAFE_INTEGER;
}
