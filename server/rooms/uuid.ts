/** Sessions, participants and streams are named by UUIDs (RFC 9562), as the server writes them; whatever else is given names none. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
