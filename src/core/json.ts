/** Parsed JSON; undefined for a text that is none: torn, or never was. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
