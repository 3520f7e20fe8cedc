import { migrate } from '../db/migrate.ts';
import { withDatabase } from './database.ts';

export async function run(args: string[]): Promise<void> {
  await withDatabase(args, async ({ connectionString, log }) => {
    const [name] = await migrate({ connectionString, log, direction: 'down' });
    process.stdout.write(
      name === undefined ? 'There is no migration to take back.\n' : `Taken back: ${name}.\n`,
    );
  });
}
