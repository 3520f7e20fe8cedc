/** Looks again and again, without a pause, while `work` goes on. @returns every value that was seen. */
export async function sampled<T>(look: () => Promise<T>, work: () => Promise<void>): Promise<Set<T>> {
  const seen = new Set<T>();
  const done = new AbortController();
  const looking = (async () => {
    do seen.add(await look());
    while (!done.signal.aborted);
  })();
  try {
    await work();
  } finally {
    done.abort();
  }
  await looking;
  return seen;
}
