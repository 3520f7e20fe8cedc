/**
 * Waits before a try to reach the server, but no longer than until the browser says that there is a network again.
 *
 * @param ms The longest wait.
 */
export function untilOnline(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
  });
}
