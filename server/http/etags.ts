const LIST = /^\s*(?:W\/)?"[^"]*"(?:\s*,\s*(?:W\/)?"[^"]*")*\s*$/;

/**
 * Whether a resource with this ETag is one that `If-Match` or `If-None-Match` names: `*`, or a list.
 *
 * @param comparison For `If-Match` strong: a weak ETag matches nothing. For `If-None-Match` weak.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1
 */
export function namesETag(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true;
  if (!LIST.test(header)) return false;
  const tags = header.match(/(W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag === etag || (comparison === 'weak' && tag === `W/${etag}`));
}
