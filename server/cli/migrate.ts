import { migrate } from '../db/migrate.ts';
import { withDatabase } from './database.ts';

export async function run(args: string[]): Promise<void> {
  await withDatabase(args, async ({ connectionString, log }) => {
    const names = await migrate({ connectionString, log });
    process.stdout.write(
      names.length > 0 ? `Run: ${names.join(', ')}.\n` : 'Nothing to run: the schema is up to date.\n',
    );
  });
}
