/** Where progress is shown: standard error, or a stand-in. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Gives the function to call with each line of ninja's output. It shows `<title>: 112/287`: on a terminal as one line
 * that changes, elsewhere as a line each tenth.
 */
export function ninjaProgress(title: string, terminal: Terminal): (line: string) => void {
  let tenth = -1;
  return (line) => {
    const [, done, total] = /^\[(\d+)\/(\d+)\]/.exec(line) ?? [];
    if (done === undefined || total === undefined) return;
    const text = `${title}: ${done}/${total}`;
    if (terminal.isTTY) {
      terminal.write(`\r${text}${done === total ? '\n' : ''}`);
      return;
    }
    const now = Math.floor((10 * Number(done)) / Number(total));
    if (now > tenth) terminal.write(`${text}\n`);
    tenth = now;
  };
}
