import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../error.ts';

/** One replacement in the worker's sources: `from` must be there exactly once. */
export interface Edit {
  file: string;
  from: string;
  to: string;
}

/** What has to be changed in mediasoup's worker for a build from Debian's libraries. */
export const edits: readonly Edit[] = [
  // Debian 12 has Meson 1.0.1, which builds it.
  { file: 'meson.build', from: `meson_version: '>= 1.1.0'`, to: `meson_version: '>= 1.0.0'` },
  // OpenSSL passes BIO_CB_CTRL | BIO_CB_RETURN. With kernel TLS, which Debian's has, answering 1 to that means "the
  // kernel sends the data": no write buffer is made, and the worker dies at the first DTLS ServerHello.
  {
    file: 'src/RTC/DtlsTransport.cpp',
    from: '(operationType == BIO_CB_RETURN)',
    to: '((operationType & BIO_CB_RETURN) != 0)',
  },
];

/**
 * Changes the sources in `folder`.
 * @throws SetupError when a text to replace is not there exactly once: these edits are for another mediasoup.
 */
export function applyEdits(folder: string, list: readonly Edit[] = edits): void {
  for (const { file, from, to } of list) {
    const parts = readFileSync(join(folder, file), 'utf8').split(from);
    const [before, after] = parts;
    if (before === undefined || after === undefined || parts.length !== 2) {
      throw new SetupError(
        `mediasoup's worker cannot be built: "${from}" is ${parts.length - 1} times in its ${file}, not once. ` +
          `Look at what this version of mediasoup needs, and mend server/setup/worker/edits.ts.`,
      );
    }
    writeFileSync(join(folder, file), `${before}${to}${after}`);
  }
}
