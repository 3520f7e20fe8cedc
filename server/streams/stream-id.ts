/** Streams are named by UUIDs (RFC 9562); whatever else a client sends names none. */
export function isStreamId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
