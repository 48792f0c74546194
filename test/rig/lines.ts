import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';

export type JsonObject = Record<string, unknown>;

/** Calls back for every line that comes in over a socket to QEMU. */
export function readLines(stream: Duplex, onLine: (line: string) => void): void {
  const lines = createInterface({ input: stream }).on('line', onLine);
  // A QEMU that is killed resets its connections; what matters is that they close, and who waits sees to that.
  stream.on('error', () => undefined);
  lines.on('error', () => undefined);
}

/** The same for lines of JSON, which is what QMP and the guest agent talk. */
export function readJsonLines(stream: Duplex, onObject: (object: JsonObject) => void): void {
  readLines(stream, (line) => {
    onObject(objectFrom(line));
  });
}

export function objectFrom(json: string): JsonObject {
  return asObject(JSON.parse(json));
}

/** Reads a field that the protocol promises to be an object. */
export function objectIn(object: JsonObject, field: string): JsonObject {
  return asObject(object[field]);
}

function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}
