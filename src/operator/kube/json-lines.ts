/**
 * The body of a watch: JSON values, one a line. A line that is not JSON, or that the stream's end
 * cuts off, is an error and not a thing to skip: it was an event, and the store would be wrong.
 */

import { StringDecoder } from "node:string_decoder";
import { KubeError } from "./kube-error.ts";

/** Far above the 1.5 MiB that the store behind the API server takes for one object. */
const LINE_LENGTH_MAX = 16 * 1024 * 1024;

/**
 * The values of `body` in order. `onChunk` is called for all that arrives, whole lines or not.
 *
 * @throws KubeError with BAD_RESPONSE.
 */
export async function* jsonLines(
  body: AsyncIterable<Buffer>,
  onChunk: () => void,
): AsyncGenerator<unknown, void, undefined> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of body) {
    onChunk();
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield parseLine(line);
    if (rest.length > LINE_LENGTH_MAX) {
      throw new KubeError(
        "BAD_RESPONSE",
        `A line of a watch exceeds ${LINE_LENGTH_MAX} characters`,
      );
    }
  }
  if (rest !== "") throw new KubeError("BAD_RESPONSE", "A watch ended within a line");
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new KubeError("BAD_RESPONSE", "A line of a watch is not JSON", { cause: error });
  }
}
